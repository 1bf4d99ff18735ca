package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.ScopeHistory;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.FactStore;
import dev.countersign.sts.HistoryStore.Kept;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gate, attributes and histories in one statement: one round trip, one moment. Threads may share
/// it.
public final class PgFacts implements FactStore {
  /// Parameters: 1 subject, 2 subject, 3 names of attributes, 4 keys of histories.
  private static final String READ =
      """
      SELECT 'gate' AS kind, '' AS name, NULL AS value, closed_at AS at, 0 AS version
        FROM person
       WHERE subject = ? AND closed_at IS NOT NULL
       UNION ALL
      SELECT 'attribute', name, value::text, at, 0
        FROM attribute
       WHERE subject = ? AND name = ANY (?)
       UNION ALL
      SELECT 'history', scope, state, NULL, version
        FROM history
       WHERE scope = ANY (?)
      """;

  private final Database database;

  public PgFacts(Database database) {
    this.database = database;
  }

  @Override
  public Facts read(String subject, Set<String> attributes, Set<String> scopes) {
    return database.query(connection -> {
      var names = connection.createArrayOf("text", attributes.toArray(String[]::new));
      var keys = connection.createArrayOf("text", scopes.toArray(String[]::new));
      @Nullable Instant closedAt = null;
      Map<String, Attribute> found = new HashMap<>();
      Map<String, Kept> histories = new HashMap<>();
      try (var statement = Sql.bind(connection, READ, subject, subject, names, keys);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          switch (rows.getString("kind")) {
            case "gate" -> closedAt = Sql.instant(rows, "at");
            case "attribute" ->
                found.put(
                    rows.getString("name"),
                    new Attribute(
                        StrictJson.parse(rows.getString("value")),
                        "store",
                        Sql.instant(rows, "at")));
            default ->
                histories.put(
                    rows.getString("name"),
                    new Kept(rows.getLong("version"), ScopeHistory.parse(rows.getString("value"))));
          }
        }
      }
      return new Facts(closedAt, found, histories);
    });
  }
}
