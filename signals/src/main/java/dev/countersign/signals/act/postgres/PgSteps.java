package dev.countersign.signals.act.postgres;

import dev.countersign.box.Database;
import dev.countersign.signals.act.Inbox.TokenKey;
import dev.countersign.signals.act.Steps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Steps in PostgreSQL. Threads and replicas may share it.
public final class PgSteps implements Steps {
  /// A step waits while an older one of the same person at the same place is open, so that they are
  /// taken in order.
  ///
  /// Parameters: 1 handler, 2 now, 3 now, 4 the most to take, 5 held until.
  private static final String TAKE =
      """
      WITH due AS MATERIALIZED (
           SELECT s.subject, s.issuer, s.set_id, s.handler
             FROM step s
            WHERE s.handler = ?
              AND s.state = 'pending'
              AND s.next_at <= ?
              AND (s.held_until IS NULL OR s.held_until <= ?)
              AND NOT EXISTS (SELECT 1
                                FROM step older
                               WHERE older.handler = s.handler
                                 AND older.subject = s.subject
                                 AND older.state = 'pending'
                                 AND older.place < s.place)
            ORDER BY s.next_at
            LIMIT ?
              FOR UPDATE OF s SKIP LOCKED)
      UPDATE step s
         SET held_until = ?, attempts = s.attempts + 1
        FROM due
        JOIN received r USING (subject, issuer, set_id)
       WHERE s.subject = due.subject
         AND s.issuer = due.issuer
         AND s.set_id = due.set_id
         AND s.handler = due.handler
      RETURNING s.subject, s.issuer, s.set_id, s.handler, s.attempts, r.txn, r.event_type,
                r.event_at
      """;

  /// Parameters: 1 state, 2 outcome, 3 status, 4 now, 5 to 8 the step.
  private static final String SETTLE =
      """
      UPDATE step
         SET state = ?, outcome = ?, status = ?, settled_at = ?, held_until = NULL
       WHERE subject = ? AND issuer = ? AND set_id = ? AND handler = ? AND state = 'pending'
      """;

  /// Parameters: 1 outcome, 2 status, 3 next time, 4 to 7 the step.
  private static final String POSTPONE =
      """
      UPDATE step
         SET outcome = ?, status = ?, next_at = ?, held_until = NULL
       WHERE subject = ? AND issuer = ? AND set_id = ? AND handler = ? AND state = 'pending'
      """;

  private static final String LOCK_OPEN =
      """
      SELECT txn, event_at, received_at
        FROM received
       WHERE subject = ? AND issuer = ? AND set_id = ? AND closed_at IS NULL
         FOR UPDATE
      """;

  private static final String STEPS =
      """
      SELECT handler, state, outcome, attempts, settled_at
        FROM step
       WHERE subject = ? AND issuer = ? AND set_id = ?
      """;

  private static final String CLOSE =
      """
      UPDATE received
         SET closed_at = ?
       WHERE subject = ? AND issuer = ? AND set_id = ?
      """;

  private static final String UNCLOSED =
      """
      SELECT r.subject, r.issuer, r.set_id
        FROM received r
       WHERE r.closed_at IS NULL
         AND NOT EXISTS (SELECT 1
                           FROM step s
                          WHERE s.subject = r.subject
                            AND s.issuer = r.issuer
                            AND s.set_id = r.set_id
                            AND s.state = 'pending')
       ORDER BY r.received_at
       LIMIT ?
      """;

  private static final String DEAD =
      """
      SELECT s.subject, s.issuer, s.set_id, r.txn, s.handler, s.outcome, s.status, s.attempts,
             s.settled_at
        FROM step s
        JOIN received r USING (subject, issuer, set_id)
       WHERE s.state = 'failed'
       ORDER BY s.settled_at DESC
       LIMIT ?
      """;

  /// Parameters: 1 now, 2 txn.
  private static final String REVIVE =
      """
      WITH revived AS (
           UPDATE step s
              SET state = 'pending', attempts = 0, next_at = ?, held_until = NULL,
                  settled_at = NULL
             FROM received r
            WHERE r.txn = ?
              AND s.subject = r.subject
              AND s.issuer = r.issuer
              AND s.set_id = r.set_id
              AND s.state = 'failed'
           RETURNING s.subject, s.issuer, s.set_id),
           opened AS (
           UPDATE received r
              SET closed_at = NULL
             FROM revived v
            WHERE r.subject = v.subject AND r.issuer = v.issuer AND r.set_id = v.set_id)
      SELECT count(*) FROM revived
      """;

  private final Database database;

  public PgSteps(Database database) {
    this.database = database;
  }

  @Override
  public List<Step> take(String handler, int most, Instant now, Instant until) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(TAKE)) {
        statement.setString(1, handler);
        statement.setObject(2, utc(now));
        statement.setObject(3, utc(now));
        statement.setInt(4, most);
        statement.setObject(5, utc(until));
        try (ResultSet rows = statement.executeQuery()) {
          var steps = new ArrayList<Step>();
          while (rows.next()) {
            steps.add(
                new Step(
                    key(rows),
                    rows.getString("handler"),
                    rows.getString("txn"),
                    rows.getString("event_type"),
                    instant(rows, "event_at"),
                    rows.getInt("attempts")));
          }
          return steps;
        }
      }
    });
  }

  @Override
  public void settle(Step step, boolean isDone, String outcome, int status, Instant now) {
    database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(SETTLE)) {
        statement.setString(1, isDone ? "done" : "failed");
        statement.setString(2, outcome);
        statement.setInt(3, status);
        statement.setObject(4, utc(now));
        bind(statement, 5, step.key());
        statement.setString(8, step.handler());
        return statement.executeUpdate();
      }
    });
  }

  @Override
  public void postpone(Step step, String error, int status, Instant nextAt) {
    database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(POSTPONE)) {
        statement.setString(1, error);
        statement.setInt(2, status);
        statement.setObject(3, utc(nextAt));
        bind(statement, 4, step.key());
        statement.setString(7, step.handler());
        return statement.executeUpdate();
      }
    });
  }

  @Override
  public void close(TokenKey key, Instant now, Consumer<Finished> before) {
    database.transaction(connection -> {
      Optional<Finished> finished = lockFinished(connection, key);
      if (finished.isPresent()) {
        before.accept(finished.get());
        try (PreparedStatement statement = connection.prepareStatement(CLOSE)) {
          statement.setObject(1, utc(now));
          bind(statement, 2, key);
          statement.executeUpdate();
        }
      }
      return finished.isPresent();
    });
  }

  private static Optional<Finished> lockFinished(Connection connection, TokenKey key)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOCK_OPEN)) {
      bind(statement, 1, key);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        Optional<List<Ended>> ended = allEnded(connection, key);
        return ended.isEmpty()
            ? Optional.empty()
            : Optional.of(
                new Finished(
                    key,
                    row.getString("txn"),
                    instant(row, "event_at"),
                    instant(row, "received_at"),
                    ended.get()));
      }
    }
  }

  /// @return empty while a step is open
  private static Optional<List<Ended>> allEnded(Connection connection, TokenKey key)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STEPS)) {
      bind(statement, 1, key);
      try (ResultSet rows = statement.executeQuery()) {
        var ended = new ArrayList<Ended>();
        while (rows.next()) {
          if (rows.getString("state").equals("pending")) {
            return Optional.empty();
          }
          ended.add(
              new Ended(
                  rows.getString("handler"),
                  rows.getString("state").equals("done"),
                  rows.getString("outcome"),
                  rows.getInt("attempts"),
                  instant(rows, "settled_at")));
        }
        return Optional.of(ended);
      }
    }
  }

  @Override
  public List<TokenKey> unclosed(int most) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(UNCLOSED)) {
        statement.setInt(1, most);
        try (ResultSet rows = statement.executeQuery()) {
          var keys = new ArrayList<TokenKey>();
          while (rows.next()) {
            keys.add(key(rows));
          }
          return keys;
        }
      }
    });
  }

  @Override
  public List<Dead> dead(int most) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(DEAD)) {
        statement.setInt(1, most);
        try (ResultSet rows = statement.executeQuery()) {
          var dead = new ArrayList<Dead>();
          while (rows.next()) {
            dead.add(
                new Dead(
                    key(rows),
                    rows.getString("txn"),
                    rows.getString("handler"),
                    rows.getString("outcome"),
                    rows.getInt("status"),
                    rows.getInt("attempts"),
                    instant(rows, "settled_at")));
          }
          return dead;
        }
      }
    });
  }

  @Override
  public int revive(String txn, Instant now) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(REVIVE)) {
        statement.setObject(1, utc(now));
        statement.setString(2, txn);
        try (ResultSet row = statement.executeQuery()) {
          return row.next() ? row.getInt(1) : 0;
        }
      }
    });
  }

  private static TokenKey key(ResultSet row) throws SQLException {
    return new TokenKey(row.getString("subject"), row.getString("issuer"), row.getString("set_id"));
  }

  private static void bind(PreparedStatement statement, int from, TokenKey key)
      throws SQLException {
    statement.setString(from, key.subject());
    statement.setString(from + 1, key.issuer());
    statement.setString(from + 2, key.id());
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }

  private static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }
}
