package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// How a statement's rows become the structured result of a tool.
public sealed interface ResultMapping {

  /// The result of these rows, or empty where a row is missing that must be there.
  ///
  /// @param truncated whether the statement had more rows than are given
  Optional<ObjectNode> map(ArrayNode rows, boolean truncated);

  /// What the agent reads where [#map] is empty.
  default String missing() {
    return "";
  }

  /// Exactly one row, its columns as members: `{"case_id": "R-1", …}`.
  ///
  /// @param missing what the agent reads if there is no row
  record Row(String missing) implements ResultMapping {
    @Override
    public Optional<ObjectNode> map(ArrayNode rows, boolean truncated) {
      return rows.size() == 1 && !truncated && rows.get(0) instanceof ObjectNode row
          ? Optional.of(row.deepCopy())
          : Optional.empty();
    }
  }

  /// All rows under one name: `{"cases": […], "truncated": false}`.
  ///
  /// @param member the name
  record Rows(String member) implements ResultMapping {
    @Override
    public Optional<ObjectNode> map(ArrayNode rows, boolean truncated) {
      ObjectNode result = StrictJson.object();
      result.set(member, rows.deepCopy());
      result.set("truncated", JsonNodeFactory.instance.booleanNode(truncated));
      return Optional.of(result);
    }
  }
}
