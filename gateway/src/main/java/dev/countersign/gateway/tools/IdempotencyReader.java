package dev.countersign.gateway.tools;

import dev.countersign.config.ConfigSection;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Reads what makes two calls of a tool that writes the same.
final class IdempotencyReader {
  private static final Duration DEFAULT_WITHIN = Duration.ofMinutes(10);
  private static final Duration LONGEST_WITHIN = Duration.ofDays(30);

  private IdempotencyReader() {}

  static Optional<Tool.Idempotency> read(ConfigSection section, boolean readOnly) {
    Optional<ConfigSection> declared = section.optionalSection("idempotency");
    if (declared.isEmpty()) {
      if (!readOnly) {
        section.problem(
            "idempotency",
            "missing; a tool that writes must say which arguments make two calls the same, such as"
                + " {key: [case_id, amount_cents], within: 10m}");
      }
      return Optional.empty();
    }
    if (readOnly) {
      section.problem("idempotency", "is for tools that write: readOnly: false");
    }
    ConfigSection idempotency = declared.get();
    List<String> key = idempotency.texts("key");
    Duration within = idempotency.duration("within", DEFAULT_WITHIN);
    idempotency.done();
    if (!within.isPositive() || within.compareTo(LONGEST_WITHIN) > 0) {
      idempotency.problem("within", "must be over 0 and at most 30 days");
    }
    return Optional.of(new Tool.Idempotency(key, within));
  }
}
