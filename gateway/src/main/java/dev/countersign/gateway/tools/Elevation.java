package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How the gateway, and neither agent nor person, tells that a record needs a call to ask for more:
/// a read of its own looks at the record first.
///
/// @param probe reads the record, under authorization details of its own
/// @param when what of the record makes the difference
/// @param elevated the same tool, asking for more
public record Elevation(Tool probe, When when, Tool elevated) {

  /// What a column of the record must say for the call to ask for more. What cannot be read asks
  /// for more too.
  ///
  /// @param column of the probe's one row
  /// @param values scalars of one kind
  /// @param isIn whether the call asks for more if the column is one of the values, or if it is
  ///   none
  public record When(String column, Set<JsonNode> values, boolean isIn) {
    public When {
      values = Set.copyOf(values);
    }

    /// Whether a record needs the call to ask for more.
    public boolean isMet(ObjectNode record) {
      JsonNode value = record.path(column);
      boolean isComparable =
          values.stream().anyMatch(one -> one.getNodeType() == value.getNodeType());
      return !isComparable || isIn == holds(value);
    }

    private boolean holds(JsonNode value) {
      String text = StrictJson.canonical(value);
      return values.stream().anyMatch(one -> StrictJson.canonical(one).equals(text));
    }
  }
}
