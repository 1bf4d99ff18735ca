package dev.countersign.broker.http;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Times as Vault's clients write them: seconds as a number or a text, or a text with a unit.
final class Times {
  private static final Pattern TIME = Pattern.compile("([0-9]{1,6})(s|m|h)?");

  private Times() {}

  /// The member `increment`; 0 means the usual time, as does its absence.
  static Optional<Duration> increment(ObjectNode body) {
    JsonNode value = body.path("increment");
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!(value.isString() || value.isIntegralNumber())) {
      throw malformed();
    }
    Duration time = of(value.asString("")).orElseThrow(Times::malformed);
    return time.isPositive() ? Optional.of(time) : Optional.empty();
  }

  /// Reads a time; empty if it is none.
  static Optional<Duration> of(String text) {
    Matcher matcher = TIME.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long amount = Long.parseLong(matcher.group(1));
    return Optional.of(
        switch (String.valueOf(matcher.group(2))) {
          case "m" -> Duration.ofMinutes(amount);
          case "h" -> Duration.ofHours(amount);
          default -> Duration.ofSeconds(amount);
        });
  }

  private static VaultRefusal malformed() {
    return VaultRefusal.malformed("`increment` must be seconds, or a text such as `5m`");
  }
}
