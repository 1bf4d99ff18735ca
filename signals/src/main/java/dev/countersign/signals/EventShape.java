package dev.countersign.signals;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The members that one type of event has of its own, as its standard says.
///
/// @param required members that must be there; a value is one of the set, any text if it is empty
/// @param optional the same for members that may be there
/// @param needsReason whether `reason_admin` and `event_timestamp` must be there
record EventShape(
    Map<String, Set<String>> required, Map<String, Set<String>> optional, boolean needsReason) {
  private static final Set<String> ANY = Set.of();
  private static final int MAX_TEXT = 255;
  private static final String CLAIMS = "claims";
  private static final String CREDENTIAL_TYPE = "credential_type";
  private static final Set<String> CHANGES = Set.of("create", "revoke", "update", "delete");
  private static final Set<String> STATUSES = Set.of("compliant", "not-compliant");
  private static final Set<String> LEVELS = Set.of("LOW", "MEDIUM", "HIGH");

  private static final EventShape PLAIN = new EventShape(Map.of(), Map.of(), true);
  private static final EventShape RISC = new EventShape(Map.of(), Map.of(), false);

  private static final Map<String, EventShape> SHAPES =
      Map.of(
          EventTypes.CREDENTIAL_CHANGE,
          new EventShape(
              Map.of(CREDENTIAL_TYPE, ANY, "change_type", CHANGES),
              Map.of(
                  "friendly_name",
                  ANY,
                  "x509_issuer",
                  ANY,
                  "x509_serial",
                  ANY,
                  "fido2_aaguid",
                  ANY),
              true),
          EventTypes.TOKEN_CLAIMS_CHANGE,
          new EventShape(Map.of(CLAIMS, ANY), Map.of(), true),
          EventTypes.ASSURANCE_LEVEL_CHANGE,
          new EventShape(
              Map.of("namespace", ANY, "current_level", ANY),
              Map.of("previous_level", ANY, "change_direction", Set.of("increase", "decrease")),
              true),
          EventTypes.DEVICE_COMPLIANCE_CHANGE,
          new EventShape(
              Map.of("previous_status", STATUSES, "current_status", STATUSES), Map.of(), true),
          EventTypes.RISK_LEVEL_CHANGE,
          new EventShape(
              Map.of("principal", ANY, "current_level", LEVELS),
              Map.of("previous_level", LEVELS, "risk_reason", ANY),
              true),
          EventTypes.ACCOUNT_DISABLED,
          new EventShape(Map.of(), Map.of("reason", Set.of("hijacking", "bulk-account")), false),
          EventTypes.ACCOUNT_ENABLED,
          RISC,
          EventTypes.ACCOUNT_PURGED,
          RISC,
          EventTypes.CREDENTIAL_CHANGE_REQUIRED,
          RISC,
          EventTypes.CREDENTIAL_COMPROMISE,
          new EventShape(Map.of(CREDENTIAL_TYPE, ANY), Map.of(), false));

  static EventShape of(String type) {
    return SHAPES.getOrDefault(type, PLAIN);
  }

  /// @throws MalformedEventException naming the first member that is missing, malformed or too much
  void check(ObjectNode payload, Set<String> common) {
    var known = new HashSet<>(common);
    known.addAll(required.keySet());
    known.addAll(optional.keySet());
    Members.onlyKnown(payload, known, "the event");
    required.forEach((name, values) -> {
      if (!payload.has(name)) {
        throw Members.wrong(name, "is missing");
      }
      check(payload, name, values);
    });
    optional.forEach((name, values) -> {
      if (payload.has(name)) {
        check(payload, name, values);
      }
    });
  }

  private static void check(ObjectNode payload, String name, Set<String> values) {
    if (name.equals(CLAIMS)) {
      if (Members.object(payload, name).isEmpty()) {
        throw Members.wrong(name, "must name at least one claim");
      }
      return;
    }
    JsonNode value = payload.path(name);
    if (!values.isEmpty() && !(value.isString() && values.contains(value.stringValue()))) {
      throw Members.wrong(name, "must be one of " + values.stream().sorted().toList());
    }
    if (values.isEmpty()) {
      Members.text(payload, name, MAX_TEXT);
    }
  }
}
