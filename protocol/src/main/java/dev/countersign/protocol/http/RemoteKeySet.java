package dev.countersign.protocol.http;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.VerificationKeys;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An issuer's keys by their JWKS URL, or by the issuer's discovery document: cached for five
/// minutes, fetched again on an unknown key id at most every ten seconds, and kept while the issuer
/// is down, for an hour unless said otherwise.
///
/// Nobody waits for a fetch who can be served by what is cached, but the one who makes it. Threads
/// may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7517#section-5 RFC 7517 §5
public final class RemoteKeySet implements KeySource {
  /// How long keys are used without asking again.
  public static final Duration FRESH = Duration.ofMinutes(5);

  /// How long keys are used at most while the issuer does not answer, where nothing else is said.
  public static final Duration OUTAGE_LIMIT = Duration.ofHours(1);

  private static final Duration BRAKE = Duration.ofSeconds(10);
  private static final Duration METADATA_FRESH = Duration.ofHours(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final Place place;
  private final Wire wire;
  private final Duration outageLimit;
  private final Consumer<String> troubles;
  private final InstantSource clock;
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Snapshot latest;
  private volatile Instant nextTry = Instant.MIN;
  private @Nullable URI discovered;
  private Instant discoveredAt = Instant.MIN;

  /// Keys at a known address.
  public RemoteKeySet(URI address, Wire wire, InstantSource clock) {
    this(new Place.Known(address), wire, OUTAGE_LIMIT, _ -> {}, clock);
  }

  /// @param outageLimit how long keys are used at most while the issuer does not answer
  /// @param troubles told each time that a fetch fails, in words for an operator
  public RemoteKeySet(
      Place place,
      Wire wire,
      Duration outageLimit,
      Consumer<String> troubles,
      InstantSource clock) {
    this.place = place;
    this.wire = wire;
    this.outageLimit = outageLimit;
    this.troubles = troubles;
    this.clock = clock;
  }

  @Override
  public VerificationKeys keys(String kid) {
    Snapshot known = latest;
    Instant now = clock.instant();
    if (known == null || isUnknown(known, kid)) {
      fetching.lock();
      known = refreshed(kid);
    } else if (isStale(known, now) && fetching.tryLock()) {
      known = refreshed(kid);
    }
    if (known == null || known.fetchedAt.plus(outageLimit).isBefore(clock.instant())) {
      throw new KeysUnavailableException("the issuer's keys cannot be fetched");
    }
    return known.keys;
  }

  /// How old the keys are that are in use, or empty where there are none.
  public Optional<Duration> age() {
    Snapshot known = latest;
    return known == null
        ? Optional.empty()
        : Optional.of(Duration.between(known.fetchedAt, clock.instant()));
  }

  private static boolean isUnknown(Snapshot known, String kid) {
    return !kid.isEmpty() && !known.keys.has(kid);
  }

  private static boolean isStale(Snapshot known, Instant now) {
    return known.fetchedAt.plus(FRESH).isBefore(now);
  }

  /// Fetches if that is still due and the brake allows; gives the lock back.
  private @Nullable Snapshot refreshed(String kid) {
    try {
      Snapshot known = latest;
      Instant now = clock.instant();
      boolean isDue = known == null || isStale(known, now) || isUnknown(known, kid);
      if (!isDue || now.isBefore(nextTry)) {
        return known;
      }
      nextTry = now.plus(BRAKE);
      // What is malformed or does not come changes nothing: the last good set stays in use until
      // the outage limit, and nothing is accepted unchecked.
      URI address = address(now);
      var set = VerificationKeys.parse(IssuerMetadata.Documents.json(wire, address, TIMEOUT));
      Snapshot fetched = new Snapshot(set, now);
      latest = fetched;
      return fetched;
    } catch (WireClient.WireFailure | MalformedJsonException unusable) {
      discovered = null;
      troubles.accept(String.valueOf(unusable.getMessage()));
      return latest;
    } finally {
      fetching.unlock();
    }
  }

  private URI address(Instant now) {
    return switch (place) {
      case Place.Known(URI address) -> address;
      case Place.Discovered(URI document, String issuer, Set<String> keyHosts) -> {
        URI known = discovered;
        if (known == null || discoveredAt.plus(METADATA_FRESH).isBefore(now)) {
          known = IssuerMetadata.fetch(wire, document, issuer, keyHosts).jwksUri();
          discovered = known;
          discoveredAt = now;
        }
        yield known;
      }
    };
  }

  /// Where the keys are.
  public sealed interface Place {
    /// At an address that the configuration names.
    record Known(URI address) implements Place {}

    /// Where the issuer's discovery document says; read again every hour and after a failure.
    ///
    /// @param document the document's address
    /// @param issuer the `issuer` that it must have
    /// @param keyHosts hosts other than the document's own on which the keys may lie
    record Discovered(URI document, String issuer, Set<String> keyHosts) implements Place {
      public Discovered {
        keyHosts = Set.copyOf(keyHosts);
      }
    }
  }

  private record Snapshot(VerificationKeys keys, Instant fetchedAt) {}
}
