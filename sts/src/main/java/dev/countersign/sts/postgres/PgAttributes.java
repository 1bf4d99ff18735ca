package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.policy.Attribute;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.AttributeStore;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The attribute store. Threads may share it.
public final class PgAttributes implements AttributeStore {
  private static final String READ =
      """
      SELECT name, value, at
        FROM attribute
       WHERE subject = ?
         AND name = ANY (?)
      """;

  private static final String WRITE =
      """
      INSERT INTO attribute (subject, name, value, source, at)
      VALUES (?, ?, ?::jsonb, ?, ?)
          ON CONFLICT (subject, name)
          DO UPDATE SET value = excluded.value, source = excluded.source, at = excluded.at
      """;

  private final Database database;

  public PgAttributes(Database database) {
    this.database = database;
  }

  @Override
  public Map<String, Attribute> of(String subject, Set<String> names) {
    return database.query(connection -> {
      var wanted = connection.createArrayOf("text", names.toArray(String[]::new));
      var attributes = new LinkedHashMap<String, Attribute>();
      try (var statement = Sql.bind(connection, READ, subject, wanted);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          attributes.put(
              rows.getString("name"),
              new Attribute(
                  StrictJson.parse(rows.getString("value")), "store", Sql.instant(rows, "at")));
        }
      }
      return attributes;
    });
  }

  @Override
  public void upsert(String subject, String name, JsonNode value, String source, Instant at) {
    database.query(connection ->
        Sql.update(connection, WRITE, subject, name, StrictJson.write(value), source, at));
  }
}
