package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// Reads `ledger`: how often its state is signed, and where a copy of that goes.
public final class LedgerSection {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private LedgerSection() {}

  static LedgerSettings read(Optional<ConfigSection> given) {
    if (given.isEmpty()) {
      return new LedgerSettings(MINUTE, Optional.empty());
    }
    ConfigSection section = given.get();
    Duration every = section.duration("checkpoint-every", MINUTE);
    if (every.compareTo(Duration.ofSeconds(1)) < 0 || every.compareTo(Duration.ofHours(1)) > 0) {
      section.problem("checkpoint-every", "must be between 1s and 1h");
      every = MINUTE;
    }
    Optional<URI> anchor =
        section.optionalText("anchor").filter(text -> text.startsWith("http")).isPresent()
            ? section.optionalUri("anchor")
            : section.optionalPath("anchor").map(path -> path.toAbsolutePath().toUri());
    section.done();
    return new LedgerSettings(every, anchor);
  }

  /// How the ledger is kept.
  ///
  /// @param checkpointEvery how often its state is signed, if it changed
  /// @param anchor where each signed statement goes: a file to append to, or an address for PUT
  public record LedgerSettings(Duration checkpointEvery, Optional<URI> anchor) {}
}
