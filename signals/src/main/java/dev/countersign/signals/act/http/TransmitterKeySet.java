package dev.countersign.signals.act.http;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.TransmitterKeys;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The transmitter's keys by the JWKS URL of its metadata: cached for five minutes, fetched again
/// on an unknown key id at most once a second, and kept while the transmitter is down, for an hour
/// at most.
///
/// Threads may share it.
public final class TransmitterKeySet implements TransmitterKeys {
  private static final Duration FRESH = Duration.ofMinutes(5);
  private static final Duration BRAKE = Duration.ofSeconds(1);
  private static final Duration OUTAGE_LIMIT = Duration.ofHours(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final TransmitterMetadata metadata;
  private final Wire client;
  private final InstantSource clock;
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Snapshot latest;
  private volatile Instant nextTry = Instant.MIN;

  public TransmitterKeySet(TransmitterMetadata metadata, Wire client, InstantSource clock) {
    this.metadata = metadata;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public List<JWK> keys(String kid) {
    Instant now = clock.instant();
    boolean isCurrent = !isDue(latest, kid, now) || refresh(kid, now);
    Snapshot known = latest;
    if (known == null || known.fetchedAt.plus(OUTAGE_LIMIT).isBefore(now)) {
      throw new KeySource.KeysUnavailableException("the transmitter's keys cannot be fetched");
    }
    List<JWK> named = known.named(kid);
    if (named.isEmpty() && !isCurrent) {
      // The key may be new: a token that is refused for good must not be refused on old knowledge.
      throw new KeySource.KeysUnavailableException("the transmitter's keys may have changed");
    }
    return named;
  }

  private static boolean isDue(@Nullable Snapshot known, String kid, Instant now) {
    return known == null || known.fetchedAt.plus(FRESH).isBefore(now) || known.named(kid).isEmpty();
  }

  /// @return whether the keys are those of now
  private boolean refresh(String kid, Instant now) {
    fetching.lock();
    try {
      if (!isDue(latest, kid, now)) {
        return true;
      }
      if (now.isBefore(nextTry)) {
        return false;
      }
      nextTry = now.plus(BRAKE);
      WireClient.Answer answer =
          client.get(metadata.endpoints().keySet(), Map.of("Accept", "application/json"), TIMEOUT);
      if (answer.status() != 200) {
        return false;
      }
      latest = new Snapshot(parse(answer.body()), now);
      return true;
    } catch (UnavailableException | MalformedJsonException unusable) {
      // The last good set stays in use until the outage limit; nothing is accepted unchecked.
      return false;
    } finally {
      fetching.unlock();
    }
  }

  private static List<JWK> parse(byte[] body) {
    VerificationKeys.parse(body); // refuses a set that names a key twice or is too large
    try {
      return JWKSet.parse(StrictJson.write(StrictJson.parseObject(body))).getKeys().stream()
          .filter(key -> !key.isPrivate() && key.getKeyID() != null)
          .toList();
    } catch (ParseException malformed) {
      throw new MalformedJsonException("the key set is malformed");
    }
  }

  private record Snapshot(List<JWK> keys, Instant fetchedAt) {
    List<JWK> named(String kid) {
      return keys.stream().filter(key -> kid.equals(key.getKeyID())).toList();
    }
  }
}
