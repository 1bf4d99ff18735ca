package dev.countersign.sts.keys;

import dev.countersign.protocol.JwtRules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// How our signing keys are kept and changed.
///
/// @param master seals the private keys in the database
/// @param rotateEvery how long a key signs
/// @param publishAhead how long a key is published before it signs, and how long it stays published
///   after its last token has expired
/// @param algorithm the signature algorithm where an audience says nothing
/// @param algorithms the signature algorithm of an audience
public record KeySettings(
    MasterKey master,
    Duration rotateEvery,
    Duration publishAhead,
    String algorithm,
    Map<String, String> algorithms) {
  private static final Duration SHORTEST_AHEAD = Duration.ofMinutes(5);

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public KeySettings {
    var problems = new ArrayList<String>();
    if (publishAhead.compareTo(SHORTEST_AHEAD) < 0) {
      problems.add("sts.keys: publish-ahead must be at least 5m, the time that others cache keys");
    }
    if (rotateEvery.compareTo(publishAhead.multipliedBy(2)) < 0) {
      problems.add("sts.keys: rotate-every must be at least twice publish-ahead");
    }
    var used = new TreeSet<>(algorithms.values());
    used.add(algorithm);
    used.removeAll(JwtRules.OWN_ALGORITHMS);
    if (!used.isEmpty()) {
      problems.add("sts.keys: an algorithm must be ES256, EdDSA, RS256 or PS256");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    algorithms = Map.copyOf(algorithms);
  }

  /// ES256 for everybody, a new key every 30 days, published an hour before it signs.
  public static KeySettings of(MasterKey master) {
    return new KeySettings(master, Duration.ofDays(30), Duration.ofHours(1), "ES256", Map.of());
  }

  /// The algorithm for a token to this audience.
  String algorithmFor(String audience) {
    return algorithms.getOrDefault(audience, algorithm);
  }

  /// Every algorithm that somebody needs.
  Set<String> needed() {
    var needed = new TreeSet<>(algorithms.values());
    needed.add(algorithm);
    return needed;
  }
}
