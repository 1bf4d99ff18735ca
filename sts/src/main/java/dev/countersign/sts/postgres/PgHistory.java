package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.policy.Reserved;
import dev.countersign.policy.ScopeHistory;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.HistoryStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/// Histories, each compared and set as a whole in one statement: one round trip for a decision,
/// whatever it counts. Threads may share it.
public final class PgHistory implements HistoryStore {
  private static final String RESERVE =
      "SELECT scope, version, state FROM reserve(?, ?, ?, ?, ?, ?, ?::jsonb, ?)";

  private static final String LOCK =
      "SELECT version, state FROM history WHERE scope = ? FOR UPDATE";

  private static final String WRITE =
      "UPDATE history SET version = version + 1, state = ? WHERE scope = ?";

  /// Parameters: 1 until, 2 now, 3 since, 4 the most rows.
  private static final String ENDED =
      """
      UPDATE reservation
         SET next_try_at = ?
       WHERE (subject, id) IN (SELECT subject, id
                                 FROM reservation
                                WHERE next_try_at <= ?
                                  AND ends_at > ?
                                ORDER BY next_try_at
                                LIMIT ?
                                  FOR UPDATE SKIP LOCKED)
      RETURNING subject, id, jti, audience, taken, ends_at
      """;

  private static final String SETTLE = "DELETE FROM reservation WHERE subject = ? AND id = ?::uuid";

  /// Grants of one token that took the same are alike.
  private static final String FORGET_ONE =
      """
      DELETE FROM reservation
       WHERE subject = ?
         AND id = (SELECT id FROM reservation
                    WHERE subject = ? AND jti = ? AND taken = ?::jsonb
                    LIMIT 1)
      """;

  private static final String FORGET_ENDED = "DELETE FROM reservation WHERE ends_at < ?";

  private final Database database;

  public PgHistory(Database database) {
    this.database = database;
  }

  @Override
  public Map<String, Kept> reserve(
      SortedMap<String, Kept> seen, Map<String, ScopeHistory> changed, @Nullable Grant grant) {
    return database.query(connection -> {
      String[] scopes = seen.keySet().toArray(String[]::new);
      Long[] versions = seen.values().stream().map(Kept::version).toArray(Long[]::new);
      @Nullable String[] states = new String[scopes.length];
      for (int i = 0; i < scopes.length; i++) {
        ScopeHistory state = changed.get(scopes[i]);
        states[i] = state == null ? null : state.json();
      }
      var now = new HashMap<String, Kept>();
      try (var statement =
              Sql.bind(
                  connection,
                  RESERVE,
                  connection.createArrayOf("text", scopes),
                  connection.createArrayOf("bigint", versions),
                  connection.createArrayOf("text", states),
                  grant == null ? null : grant.subject(),
                  grant == null ? null : grant.jti(),
                  grant == null ? null : grant.audience(),
                  grant == null ? null : written(grant.taken()),
                  grant == null ? null : grant.endsAt());
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          now.put(rows.getString("scope"), kept(rows));
        }
      }
      return now;
    });
  }

  private static Kept kept(ResultSet row) throws SQLException {
    return new Kept(row.getLong("version"), ScopeHistory.parse(row.getString("state")));
  }

  @Override
  public void giveBack(String subject, String jti, List<Reserved> taken) {
    if (!taken.isEmpty()) {
      database.transaction(connection -> {
        Sql.update(connection, FORGET_ONE, subject, subject, jti, written(taken));
        giveBack(connection, taken);
        return true;
      });
    }
  }

  // the scopes are locked in the order in which decisions lock them
  private static void giveBack(Connection connection, List<Reserved> taken) throws SQLException {
    var byScope = new TreeMap<String, List<Reserved>>();
    taken.forEach(one -> byScope.computeIfAbsent(one.scope(), _ -> new ArrayList<>()).add(one));
    for (Map.Entry<String, List<Reserved>> scope : byScope.entrySet()) {
      @Nullable ScopeHistory less = null;
      try (var statement = Sql.bind(connection, LOCK, scope.getKey());
          ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          less = kept(row).history().without(scope.getValue());
        }
      }
      if (less != null) {
        Sql.update(connection, WRITE, less.json(), scope.getKey());
      }
    }
  }

  @Override
  public List<Ended> ended(Instant now, Instant since, Instant until, int limit) {
    return database.query(connection -> {
      var ended = new ArrayList<Ended>();
      try (var statement = Sql.bind(connection, ENDED, until, now, since, limit);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          ended.add(
              new Ended(
                  rows.getString("id"),
                  new Grant(
                      rows.getString("subject"),
                      rows.getString("jti"),
                      rows.getString("audience"),
                      read(rows.getString("taken")),
                      Sql.instant(rows, "ends_at"))));
        }
      }
      return ended;
    });
  }

  @Override
  public boolean settle(Ended ended, boolean wasUsed) {
    Grant grant = ended.grant();
    return database.transaction(connection -> {
      boolean isOurs = Sql.update(connection, SETTLE, grant.subject(), ended.id()) == 1;
      if (isOurs && !wasUsed) {
        giveBack(connection, grant.taken());
      }
      return isOurs;
    });
  }

  @Override
  public void forget(Instant before) {
    database.query(connection -> Sql.update(connection, FORGET_ENDED, before));
  }

  private static String written(List<Reserved> taken) {
    ArrayNode list = StrictJson.array();
    for (Reserved one : taken) {
      list.addArray()
          .add(one.scope())
          .add(one.track())
          .add(one.at().toEpochMilli())
          .add(one.amount());
    }
    return StrictJson.write(list);
  }

  private static List<Reserved> read(String text) {
    var taken = new ArrayList<Reserved>();
    for (JsonNode one : StrictJson.parse(text)) {
      taken.add(
          new Reserved(
              one.path(0).stringValue(),
              one.path(1).stringValue(),
              Instant.ofEpochMilli(one.path(2).longValue()),
              one.path(3).longValue()));
    }
    return taken;
  }
}
