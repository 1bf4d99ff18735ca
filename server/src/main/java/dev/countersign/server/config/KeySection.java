package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.keys.KeySettings;
import dev.countersign.sts.keys.MasterKey;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Reads `sts.keys`: how the token service's signing keys are kept and changed.
final class KeySection {
  private static final Duration ROTATE = Duration.ofDays(30);
  private static final Duration AHEAD = Duration.ofHours(1);

  private KeySection() {}

  static Optional<KeySettings> read(ConfigSection sts, Keys keys) {
    Optional<ConfigSection> section = sts.optionalSection("keys");
    if (section.isEmpty()) {
      return Sections.checked(sts, "keys", () -> KeySettings.of(new MasterKey(keys.stsMaster())));
    }
    ConfigSection known = section.get();
    Optional<Secret> secret = known.optionalSecret("encryption-key");
    Duration rotate = known.duration("rotate-every", ROTATE);
    Duration ahead = known.duration("publish-ahead", AHEAD);
    String algorithm = known.optionalText("algorithm").orElse("ES256");
    Map<String, String> audiences = new TreeMap<>();
    known
        .optionalSection("algorithms")
        .ifPresent(map -> map.keys().forEach(name -> audiences.put(name, map.text(name))));
    known.done();
    return Sections.checked(
        sts,
        "keys",
        () ->
            new KeySettings(
                new MasterKey(secret.orElseGet(keys::stsMaster)),
                rotate,
                ahead,
                algorithm,
                audiences));
  }
}
