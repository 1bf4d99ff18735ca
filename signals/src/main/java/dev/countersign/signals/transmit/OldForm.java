package dev.countersign.signals.transmit;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.Members;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Understands events in the form that mappers for IBM Antenna write: names in camel case,
/// milliseconds, no `txn`, and an Entra object id beside an e-mail address in `sub_id`. A source
/// that sends them has to say so.
///
/// An e-mail address alone names nobody here: it can be given to another person, and whoever may
/// change an address could choose whose sessions end.
///
/// @param anchor the anchor whose stable ids stand in `entraUserId`
public record OldForm(String anchor) {
  private static final Map<String, String> RENAMED =
      Map.of(
          "initiatingEntity", "initiating_entity",
          "reasonAdmin", "reason_admin",
          "reasonUser", "reason_user",
          "eventTimestamp", "event_timestamp");
  private static final Set<String> SUBJECT_MEMBERS =
      Set.of("format", "email", "id", "verifyUserId", "entraUserId");
  private static final long MILLISECONDS = 100_000_000_000L; // seconds reach this in the year 5138
  private static final int MAX_ID = 128;

  public OldForm {
    if (anchor.isBlank()) {
      throw new IllegalArgumentException("the old form needs the anchor of its subjects");
    }
  }

  /// The same event in the current form. What is in the current form already stays as it is.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public ObjectNode translate(ObjectNode body, String subjectIssuer) {
    ObjectNode current = body.deepCopy();
    if (current.path("sub_id") instanceof ObjectNode subject
        && !subject.path("format").asString("").equals("iss_sub")) {
      current.set("sub_id", subject(subject, subjectIssuer));
    }
    if (current.path("events") instanceof ObjectNode events) {
      for (JsonNode event : events) {
        if (event instanceof ObjectNode payload) {
          rename(payload);
        }
      }
    }
    if (!current.has("txn")) {
      // The same event handed in again is the same event.
      current.put("txn", Digest.sha256(StrictJson.write(current)));
    }
    return current;
  }

  private ObjectNode subject(ObjectNode old, String subjectIssuer) {
    Members.onlyKnown(old, SUBJECT_MEMBERS, "`sub_id`");
    if (!old.has("entraUserId")) {
      throw Members.wrong("entraUserId", "is missing in `sub_id`; an address names nobody here");
    }
    String id = Members.text(old, "entraUserId", MAX_ID);
    return StrictJson.object()
        .put("format", "iss_sub")
        .put("iss", subjectIssuer)
        .put("sub", anchor + "|" + id);
  }

  private static void rename(ObjectNode payload) {
    RENAMED.forEach((old, name) -> {
      if (payload.has(old)) {
        if (payload.has(name)) {
          throw Members.wrong(name, "occurs under its old name as well");
        }
        payload.set(name, payload.get(old));
        payload.remove(old);
      }
    });
    JsonNode time = payload.path("event_timestamp");
    if (time.isIntegralNumber() && time.canConvertToLong() && time.longValue() >= MILLISECONDS) {
      payload.put("event_timestamp", time.longValue() / 1000);
    }
  }
}
