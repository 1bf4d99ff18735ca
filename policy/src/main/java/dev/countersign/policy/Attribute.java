package dev.countersign.policy;

import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One fact about the person an agent acts for.
///
/// @param value as it came, unconverted; a value that is not of the declared type counts as missing
/// @param source [#CLAIM] for a claim of the subject token, else who wrote it to the attribute
///   store, such as `import`
/// @param at when the source said so
public record Attribute(JsonNode value, String source, Instant at) {
  /// The source of what the subject token itself says.
  public static final String CLAIM = "claim";

  public Attribute {
    value = value.deepCopy();
  }

  /// Who said so and when, as the ledger keeps it: a policy may believe some and not others.
  public ObjectNode origin() {
    return StrictJson.object().put("source", source).put("at", at.toString());
  }

  /// Reads an attribute back from a ledger entry.
  ///
  /// @param origin missing in entries of older versions
  /// @param decidedAt the time of the decision
  static Attribute of(JsonNode value, JsonNode origin, Instant decidedAt) {
    return origin.isObject()
        ? new Attribute(
            value,
            origin.path("source").asString(""),
            Instant.parse(origin.path("at").asString("")))
        : new Attribute(value, "ledger", decidedAt);
  }
}
