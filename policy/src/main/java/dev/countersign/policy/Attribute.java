package dev.countersign.policy;

import java.time.Instant;
import tools.jackson.databind.JsonNode;

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
}
