package dev.countersign.signals;

import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One event: its type and what it says.
///
/// @param type a URI, such as [EventTypes#SESSION_REVOKED]
/// @param payload the event's members; a copy of its own
/// @spec https://openid.net/specs/openid-caep-1_0-final.html#section-2 CAEP 1.0 §2
public record SecurityEvent(String type, ObjectNode payload) {
  private static final Set<String> COMMON =
      Set.of("event_timestamp", "initiating_entity", "reason_admin", "reason_user");
  private static final Set<String> ENTITIES = Set.of("admin", "user", "policy", "system");
  private static final Pattern LANGUAGE = Pattern.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}");
  private static final int MAX_REASON = 512;
  private static final int MAX_LANGUAGES = 16;
  private static final int MAX_TYPE = 255;

  /// How far a source's or transmitter's clock may run ahead of ours.
  public static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(10);

  public SecurityEvent {
    payload = payload.deepCopy();
  }

  /// Reads the `events` member: exactly one event.
  ///
  /// @throws MalformedEventException if there is none or more than one, or it is no object
  public static SecurityEvent only(ObjectNode parent) {
    ObjectNode events = Members.object(parent, "events");
    if (events.size() != 1) {
      throw Members.wrong("events", "must hold exactly one event");
    }
    Map.Entry<String, JsonNode> entry = events.properties().iterator().next();
    if (!Members.isPlain(entry.getKey(), MAX_TYPE)) {
      throw Members.wrong("events", "must name the event by a URI of at most 255 characters");
    }
    if (!(entry.getValue() instanceof ObjectNode payload)) {
      throw Members.wrong("events", "must hold an object for the event");
    }
    return new SecurityEvent(entry.getKey(), payload);
  }

  /// Checks an event as strictly as a sender must keep it: no unknown members, so that a misspelt
  /// one is told and not lost.
  ///
  /// @throws MalformedEventException naming the member
  public void checkAsSender(Instant now) {
    EventShape shape = EventShape.of(type);
    shape.check(payload, COMMON);
    if (payload.has("event_timestamp")) {
      checkTimestamp(now);
    } else if (shape.needsReason()) {
      throw Members.wrong("event_timestamp", "is missing");
    }
    if (payload.has("initiating_entity")
        && !ENTITIES.contains(payload.path("initiating_entity").asString(""))) {
      throw Members.wrong("initiating_entity", "must be `admin`, `user`, `policy` or `system`");
    }
    if (shape.needsReason() && !payload.has("reason_admin")) {
      throw Members.wrong("reason_admin", "is missing");
    }
    checkReason("reason_admin");
    checkReason("reason_user");
  }

  /// Checks what a receiver acts by. The other members are for people, and a flaw in them must not
  /// stop the end of a session.
  ///
  /// @throws MalformedEventException naming the member
  public void checkAsReceiver(Instant now) {
    if (payload.has("event_timestamp")) {
      checkTimestamp(now);
    }
  }

  /// When it happened, if the event says so.
  public Optional<Instant> at() {
    JsonNode time = payload.path("event_timestamp");
    return time.isIntegralNumber() && time.canConvertToLong()
        ? Optional.of(Instant.ofEpochSecond(time.longValue()))
        : Optional.empty();
  }

  /// The value of `events`.
  public ObjectNode json() {
    ObjectNode events = StrictJson.object();
    events.set(type, payload.deepCopy());
    return events;
  }

  private void checkTimestamp(Instant now) {
    JsonNode time = payload.path("event_timestamp");
    if (!time.isIntegralNumber() || !time.canConvertToLong() || time.longValue() < 0) {
      throw Members.wrong("event_timestamp", "must be whole seconds since 1970");
    }
    if (time.longValue() > now.plus(CLOCK_TOLERANCE).getEpochSecond()) {
      throw Members.wrong(
          "event_timestamp", "is in the future; it counts seconds, not milliseconds");
    }
  }

  private void checkReason(String name) {
    if (!payload.has(name)) {
      return;
    }
    ObjectNode reasons = Members.object(payload, name);
    if (reasons.isEmpty() || reasons.size() > MAX_LANGUAGES) {
      throw Members.wrong(name, "must hold 1 to 16 texts by language");
    }
    for (Map.Entry<String, JsonNode> reason : reasons.properties()) {
      JsonNode text = reason.getValue();
      if (!LANGUAGE.matcher(reason.getKey()).matches()) {
        throw Members.wrong(name, "must name each language by its tag, such as `en`");
      }
      if (!text.isString() || !Members.isPlain(text.stringValue(), MAX_REASON)) {
        throw Members.wrong(
            name, "must hold texts of 1 to 512 characters without control characters");
      }
    }
  }
}
