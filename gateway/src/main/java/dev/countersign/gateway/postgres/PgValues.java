package dev.countersign.gateway.postgres;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Rows of PostgreSQL as JSON: numbers exact, times in UTC, JSON as JSON, everything else as text.
final class PgValues {
  private PgValues() {}

  static ObjectNode row(ResultSet result) throws SQLException {
    ResultSetMetaData columns = result.getMetaData();
    ObjectNode row = StrictJson.object();
    for (int column = 1; column <= columns.getColumnCount(); column++) {
      row.set(
          columns.getColumnLabel(column), value(result, column, columns.getColumnTypeName(column)));
    }
    return row;
  }

  private static JsonNode value(ResultSet result, int column, String type) throws SQLException {
    JsonNodeFactory json = JsonNodeFactory.instance;
    String text = result.getString(column);
    if (text == null) {
      return json.nullNode();
    }
    return switch (type) {
      case "int2", "int4", "int8", "oid", "serial", "bigserial" ->
          json.numberNode(result.getLong(column));
      case "numeric" -> number(result, column, text);
      case "float4", "float8" -> real(result, column, text);
      case "bool" -> json.booleanNode(result.getBoolean(column));
      case "timestamptz" ->
          json.stringNode(
              result
                  .getObject(column, OffsetDateTime.class)
                  .withOffsetSameInstant(ZoneOffset.UTC)
                  .toString());
      case "json", "jsonb" -> tree(text);
      default -> json.stringNode(text);
    };
  }

  private static JsonNode number(ResultSet result, int column, String text) throws SQLException {
    return isFinite(text)
        ? JsonNodeFactory.instance.numberNode(result.getBigDecimal(column))
        : JsonNodeFactory.instance.stringNode(text);
  }

  private static JsonNode real(ResultSet result, int column, String text) throws SQLException {
    return isFinite(text)
        ? JsonNodeFactory.instance.numberNode(result.getDouble(column))
        : JsonNodeFactory.instance.stringNode(text);
  }

  /// `NaN` and `Infinity` are PostgreSQL's, not JSON's.
  private static boolean isFinite(String text) {
    return !text.isEmpty() && !text.endsWith("N") && !text.endsWith("y");
  }

  private static JsonNode tree(String text) {
    try {
      return StrictJson.parse(text);
    } catch (MalformedJsonException looser) {
      return JsonNodeFactory.instance.stringNode(text);
    }
  }
}
