package dev.countersign.box;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.IssuerMetadata;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.Wire;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where a foreign issuer's keys come from, and how its addresses may be called.
///
/// @param place discovery, a JWKS address, pinned keys, or none
/// @param internalHosts hosts of the issuer that may be on the loopback interface or in a private
///   network; any other must be public
/// @param authorities PEM file of the certificate authorities that its hosts are trusted by, or
///   null for the platform's
/// @param outageLimit how long known keys are used at most while the issuer does not answer
public record IssuerKeys(
    Place place, Set<String> internalHosts, @Nullable Path authorities, Duration outageLimit) {
  private static final Duration LONGEST_OUTAGE = Duration.ofHours(24);

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public IssuerKeys {
    internalHosts =
        internalHosts.stream()
            .map(host -> host.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
    var problems = new ArrayList<String>();
    var guard = new AddressGuard(internalHosts);
    List<URI> addresses =
        switch (place) {
          case Place.Discovered(URI document, Set<String> _) -> List.of(document);
          case Place.At(URI address) -> List.of(address);
          case Place.Pinned _, Place.None _ -> List.of();
        };
    for (URI address : addresses) {
      if (!guard.allows(address)) {
        problems.add(
            "its keys must be at an https URL, or http at a host that internal-hosts names");
      }
    }
    if (authorities != null && !Files.isReadable(authorities)) {
      problems.add("tls-authorities: " + authorities + " cannot be read");
    }
    if (outageLimit.compareTo(RemoteKeySet.FRESH) < 0
        || outageLimit.compareTo(LONGEST_OUTAGE) > 0) {
      problems.add("outage-limit must be 5 minutes to 24 hours");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// Keys at an address; hosts on the loopback interface are named by that.
  public static IssuerKeys at(URI address, Set<String> internalHosts) {
    return new IssuerKeys(new Place.At(address), internalHosts, null, RemoteKeySet.OUTAGE_LIMIT);
  }

  /// The keys, fetched when first asked for.
  ///
  /// @param troubles told each time that a fetch fails, in words for an operator
  public KeySource source(String issuer, Consumer<String> troubles, InstantSource clock) {
    return switch (place) {
      case Place.Discovered(URI document, Set<String> hosts) ->
          new RemoteKeySet(
              new RemoteKeySet.Place.Discovered(document, issuer, hosts),
              wire(),
              outageLimit,
              troubles,
              clock);
      case Place.At(URI address) ->
          new RemoteKeySet(
              new RemoteKeySet.Place.Known(address), wire(), outageLimit, troubles, clock);
      case Place.Pinned(VerificationKeys keys) -> KeySource.of(keys);
      case Place.None _ -> KeySource.of(VerificationKeys.of(List.of()));
    };
  }

  /// The client for this issuer's addresses.
  public Wire wire() {
    return new GuardedWire(new AddressGuard(internalHosts), Optional.ofNullable(authorities));
  }

  /// Where keys are.
  public sealed interface Place {
    /// Where the issuer's discovery document says.
    ///
    /// @param document the document's address
    /// @param keyHosts hosts other than the document's own on which the keys may lie
    record Discovered(URI document, Set<String> keyHosts) implements Place {
      public Discovered {
        keyHosts = Set.copyOf(keyHosts);
      }

      /// The document at its usual place.
      public static Discovered of(String issuer, Set<String> keyHosts) {
        return new Discovered(IssuerMetadata.addressOf(issuer), keyHosts);
      }
    }

    /// At this address.
    record At(URI address) implements Place {}

    /// In our configuration: they change when it does.
    record Pinned(VerificationKeys keys) implements Place {}

    /// Nowhere: the issuer's tokens are opaque to us.
    record None() implements Place {}
  }
}
