package dev.countersign.broker.vault;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the members of a body as Vault's own clients write them: durations as seconds or as `5m`,
/// lists as arrays or with commas. Each method throws [IllegalArgumentException] that names the
/// member.
final class Members {
  private static final int LONGEST = 4_096;
  private static final int MOST = 64;
  private static final Pattern DURATION =
      Pattern.compile("([0-9]{1,6})|(?=.)(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?");

  private Members() {}

  static void only(ObjectNode body, Set<String> names) {
    for (String name : body.propertyNames()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException(
            name.matches("[a-z_]{1,40}")
                ? "`" + name + "` is not known here"
                : "the body has a member that is not known here");
      }
    }
  }

  static boolean isEmpty(JsonNode value) {
    return value.isMissingNode()
        || value.isNull()
        || (value.isString() && value.stringValue().isEmpty())
        || (value.isArray() && value.isEmpty());
  }

  static Optional<String> text(ObjectNode body, String member) {
    JsonNode value = body.path(member);
    if (isEmpty(value)) {
      return Optional.empty();
    }
    if (!value.isString() || value.stringValue().length() > LONGEST) {
      throw new IllegalArgumentException("`" + member + "` must be a text");
    }
    return Optional.of(value.stringValue());
  }

  static List<String> texts(ObjectNode body, String member) {
    JsonNode value = body.path(member);
    if (isEmpty(value)) {
      return List.of();
    }
    var texts = new ArrayList<String>();
    if (value.isString()) {
      texts.addAll(List.of(value.stringValue().split(",", -1)));
    } else if (value.isArray()) {
      for (JsonNode item : value) {
        texts.add(item.isString() ? item.stringValue() : "");
      }
    }
    texts.replaceAll(String::strip);
    if (texts.isEmpty()
        || texts.size() > MOST
        || texts.stream().anyMatch(text -> text.isEmpty() || text.length() > LONGEST)) {
      throw new IllegalArgumentException("`" + member + "` must be a list of texts");
    }
    return List.copyOf(texts);
  }

  /// SQL statements: an array, or one text. Commas do not part them.
  static List<String> statements(ObjectNode body, String member) {
    JsonNode value = body.path(member);
    return value.isString() && !value.stringValue().isEmpty()
        ? List.of(value.stringValue())
        : texts(body, member);
  }

  static boolean flag(ObjectNode body, String member, boolean usual) {
    JsonNode value = body.path(member);
    return switch (value.isMissingNode() ? String.valueOf(usual) : value.asString("")) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("`" + member + "` must be true or false");
    };
  }

  static Optional<Duration> duration(ObjectNode body, String member) {
    JsonNode value = body.path(member);
    if (isEmpty(value)) {
      return Optional.empty();
    }
    Matcher matcher = DURATION.matcher(value.asString(""));
    if (!(value.isString() || value.isIntegralNumber()) || !matcher.matches()) {
      throw new IllegalArgumentException(
          "`" + member + "` must be seconds, or a text such as `5m`");
    }
    Duration duration =
        matcher.group(1) != null
            ? Duration.ofSeconds(part(matcher, 1))
            : Duration.ofHours(part(matcher, 2))
                .plusMinutes(part(matcher, 3))
                .plusSeconds(part(matcher, 4));
    return duration.isZero() ? Optional.empty() : Optional.of(duration);
  }

  private static long part(Matcher matcher, int group) {
    String part = matcher.group(group);
    return part == null ? 0 : Long.parseLong(part);
  }
}
