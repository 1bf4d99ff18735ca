package dev.countersign.ledger;

import dev.countersign.protocol.StrictJson;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What of an entry is personal. Everything is, except members that are known to say nothing about
/// a person: ids that join entries, rules, versions, outcomes. So a member that somebody adds is
/// sealed until this list names it.
final class PersonalData {
  private static final Set<String> IMPERSONAL =
      Set.of(
          "approval_id",
          "actor",
          "audience",
          "box",
          "cause",
          "client",
          "client_id",
          "code",
          "database",
          "error",
          "event",
          "expires_at",
          "factor",
          "first",
          "handler",
          "kind",
          "lease_id",
          "login",
          "outcome",
          "policy_version",
          "presenter",
          "repeat",
          "revoked",
          "role",
          "rows",
          "rules",
          "scope",
          "span_id",
          "sqlstate",
          "step",
          "stream",
          "tool",
          "trace_id",
          "truncated",
          "txn",
          "user",
          "what");

  private PersonalData() {}

  /// What stays readable for ever. Of the rules that matched, their names; not the values that they
  /// looked at.
  static ObjectNode impersonal(ObjectNode data) {
    ObjectNode kept = StrictJson.object();
    for (Map.Entry<String, JsonNode> member : data.properties()) {
      if (IMPERSONAL.contains(member.getKey())) {
        kept.set(member.getKey(), member.getValue());
      } else if (member.getKey().equals("matches")) {
        var rules = kept.putArray("rules");
        member.getValue().valueStream().forEach(match -> rules.add(match.path("rule")));
      }
    }
    return kept;
  }

  /// What is forgotten with the person.
  static ObjectNode personal(ObjectNode data) {
    ObjectNode kept = StrictJson.object();
    for (Map.Entry<String, JsonNode> member : data.properties()) {
      if (!IMPERSONAL.contains(member.getKey())) {
        kept.set(member.getKey(), member.getValue());
      }
    }
    return kept;
  }
}
