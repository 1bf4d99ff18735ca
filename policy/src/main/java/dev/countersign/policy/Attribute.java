package dev.countersign.policy;

import java.time.Instant;
import tools.jackson.databind.JsonNode;

/// One fact about the person an agent acts for.
///
/// @param value as it came, unconverted; a value that is not of the declared type counts as missing
/// @param source `claim` for a claim of the subject token, `store` for the attribute store
/// @param at when the source said so
public record Attribute(JsonNode value, String source, Instant at) {
  public Attribute {
    value = value.deepCopy();
  }
}
