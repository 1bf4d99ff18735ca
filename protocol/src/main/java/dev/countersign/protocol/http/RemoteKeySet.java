package dev.countersign.protocol.http;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.VerificationKeys;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// An issuer's keys by their JWKS URL: cached for five minutes, fetched again on an unknown key id
/// at most every ten seconds, and kept while the issuer is down, for an hour at most.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7517#section-5 RFC 7517 §5
public final class RemoteKeySet implements KeySource {
  private static final Duration FRESH = Duration.ofMinutes(5);
  private static final Duration BRAKE = Duration.ofSeconds(10);
  private static final Duration OUTAGE_LIMIT = Duration.ofHours(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final URI address;
  private final WireClient client;
  private final InstantSource clock;
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Snapshot latest;
  private volatile Instant nextTry = Instant.MIN;

  public RemoteKeySet(URI address, WireClient client, InstantSource clock) {
    this.address = address;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public VerificationKeys keys(String kid) {
    Snapshot known = latest;
    Instant now = clock.instant();
    if (known == null || isDue(known, kid, now)) {
      refresh(kid);
      known = latest;
    }
    if (known == null || known.fetchedAt.plus(OUTAGE_LIMIT).isBefore(clock.instant())) {
      throw new KeysUnavailableException("the issuer's keys cannot be fetched");
    }
    return known.keys;
  }

  private static boolean isDue(Snapshot known, String kid, Instant now) {
    return known.fetchedAt.plus(FRESH).isBefore(now) || (!kid.isEmpty() && !known.keys.has(kid));
  }

  private void refresh(String kid) {
    fetching.lock();
    try {
      Snapshot known = latest;
      Instant now = clock.instant();
      boolean braked = now.isBefore(nextTry);
      if (braked || (known != null && !isDue(known, kid, now))) {
        return;
      }
      nextTry = now.plus(BRAKE);
      WireClient.Answer answer = client.get(address, Map.of("Accept", "application/json"), TIMEOUT);
      if (answer.status() == 200) {
        latest = new Snapshot(VerificationKeys.parse(answer.body()), now);
      }
    } catch (WireClient.WireFailure | MalformedJsonException unusable) {
      // The last good set stays in use until the outage limit; nothing is accepted unchecked.
      return;
    } finally {
      fetching.unlock();
    }
  }

  private record Snapshot(VerificationKeys keys, Instant fetchedAt) {}
}
