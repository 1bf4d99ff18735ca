package dev.countersign.gateway.upstream;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Finds the answer in a body that is JSON or a stream of events.
public final class EventReader {
  private final JsonNode id;
  private final Consumer<ObjectNode> notices;
  private final StringBuilder whole = new StringBuilder();
  private final StringBuilder data = new StringBuilder();
  private @Nullable ObjectNode found;

  /// @param id of the request
  /// @param notices takes the notifications before the answer
  public EventReader(JsonNode id, Consumer<ObjectNode> notices) {
    this.id = id;
    this.notices = notices;
  }

  /// Takes one line; true once the answer is there.
  public boolean isLast(String line) {
    if (line.startsWith("data:")) {
      data.append(data.isEmpty() ? "" : "\n").append(line.substring(5).strip());
      return false;
    }
    if (line.isEmpty() && !data.isEmpty()) {
      found = mine(data.toString());
      if (found == null) {
        notice(data.toString()).ifPresent(notices);
      }
      data.setLength(0);
      return found != null;
    }
    whole.append(line).append('\n');
    return false;
  }

  /// The answer, if it came.
  ///
  /// @param type the `Content-Type`
  public Optional<ObjectNode> answer(String type) {
    if (found == null && !data.isEmpty()) {
      found = mine(data.toString()); // the stream ended without its last empty line
    }
    if (found == null && type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
      found = mine(whole.toString());
    }
    return Optional.ofNullable(found);
  }

  private @Nullable ObjectNode mine(String text) {
    return find(text, id).orElse(null);
  }

  private static Optional<ObjectNode> notice(String text) {
    try {
      ObjectNode message = StrictJson.parseObject(text);
      return message.has("method") && !message.has("id") ? Optional.of(message) : Optional.empty();
    } catch (MalformedJsonException malformed) {
      return Optional.empty();
    }
  }

  /// The answer to one request, if this text is it.
  static Optional<ObjectNode> find(String text, JsonNode id) {
    try {
      ObjectNode message = StrictJson.parseObject(text);
      boolean isAnswer = message.has("result") || message.has("error");
      // An error of the transport may come before anybody has read the id.
      JsonNode answered = message.path("id");
      boolean isMine =
          answered.isIntegralNumber()
              ? answered.asLong(-1) == id.longValue()
              : message.has("error") && (answered.isMissingNode() || answered.isNull());
      return isAnswer && isMine ? Optional.of(message) : Optional.empty();
    } catch (MalformedJsonException malformed) {
      return Optional.empty();
    }
  }
}
