package dev.countersign.broker.http;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Times as Vault's clients write them: seconds as a number or a text, or a text with units such as
/// `5m` or, as its command line has it, `1m0s`.
final class Times {
  private static final Pattern TIME =
      Pattern.compile("([0-9]{1,6})|(?=.)(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?");

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
    return Optional.of(
        matcher.group(1) != null
            ? Duration.ofSeconds(part(matcher, 1))
            : Duration.ofHours(part(matcher, 2))
                .plusMinutes(part(matcher, 3))
                .plusSeconds(part(matcher, 4)));
  }

  private static long part(Matcher matcher, int group) {
    String part = matcher.group(group);
    return part == null ? 0 : Long.parseLong(part);
  }

  private static VaultRefusal malformed() {
    return VaultRefusal.malformed("`increment` must be seconds, or a text such as `5m`");
  }
}
