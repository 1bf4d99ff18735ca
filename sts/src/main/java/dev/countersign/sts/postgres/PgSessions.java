package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.EventOutbox;
import dev.countersign.sts.SessionStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Sessions; [PgEntrance] writes them. Threads may share it.
public final class PgSessions implements SessionStore {
  private static final String READ =
      """
      SELECT id, client_id, started_at, last_seen_at, ended_at
        FROM session
       WHERE subject = ?
       ORDER BY last_seen_at DESC, client_id
      """;

  private static final String END =
      """
      UPDATE session
         SET ended_at = greatest(ended_at, ?), ended_by = ?
       WHERE subject = ?
         AND id = ?
      RETURNING client_id
      """;

  /// Parameters: 1 id, 2 subject, 3 client, 4 now, 5 now, 6 until, 7 who.
  private static final String END_CLIENT =
      """
      INSERT INTO session AS old (id, subject, client_id, started_at, last_seen_at, ended_at,
                                  ended_by)
      VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (subject, client_id)
          DO UPDATE SET ended_at = greatest(old.ended_at, excluded.ended_at),
                        ended_by = excluded.ended_by
      """;

  private static final String OPEN_CLIENT =
      """
      UPDATE session
         SET ended_at = NULL, ended_by = NULL
       WHERE subject = ? AND client_id = ? AND ended_at IS NOT NULL
      """;

  private static final String IS_SHUT =
      "SELECT 1 FROM session WHERE subject = ? AND client_id = ? AND ended_at IS NOT NULL";

  /// Parameters: 1 subject, 2 everybody, 3 client.
  private static final String ENDED_AT =
      """
      SELECT ended_at
        FROM session
       WHERE subject IN (?, ?)
         AND client_id = ?
         AND ended_at IS NOT NULL
       ORDER BY ended_at DESC
       LIMIT 1
      """;

  /// Parameters: 1 subject, 2 txn, 3 kind, 4 what the broker is sent, 5 and 6 now.
  private static final String TELL =
      """
      INSERT INTO event_outbox (subject, txn, target, kind, event, created_at, next_try_at)
      VALUES (?, ?, 'broker', ?, ?::jsonb, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  /// Later than any sign-in.
  private static final Instant FOR_GOOD = Instant.parse("9999-12-31T00:00:00Z");

  private final Database database;
  private final boolean hasBroker;
  private final Runnable announced;

  /// @param hasBroker whether there is a broker to be told
  /// @param announced called after an end is durable, so that the broker is told at once
  public PgSessions(Database database, boolean hasBroker, Runnable announced) {
    this.database = database;
    this.hasBroker = hasBroker;
    this.announced = announced;
  }

  @Override
  public List<Session> of(String subject) {
    return database.query(connection -> {
      var sessions = new ArrayList<Session>();
      try (var statement = Sql.bind(connection, READ, subject);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          sessions.add(
              new Session(
                  rows.getString("id"),
                  rows.getString("client_id"),
                  Sql.instant(rows, "started_at"),
                  Sql.instant(rows, "last_seen_at"),
                  Sql.optionalInstant(rows, "ended_at")));
        }
      }
      return sessions;
    });
  }

  @Override
  public Optional<String> end(String subject, String session, String txn, Instant at, String by) {
    Optional<String> client =
        database.transaction(connection -> {
          Optional<String> ended = ended(connection, subject, session, at, by);
          if (ended.isPresent()) {
            tell(connection, subject, ended.get(), txn, at);
          }
          return ended;
        });
    announced.run();
    return client;
  }

  private static Optional<String> ended(
      Connection connection, String subject, String session, Instant at, String by)
      throws SQLException {
    try (var statement = Sql.bind(connection, END, at, by, subject, session);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(row.getString("client_id")) : Optional.empty();
    }
  }

  private void tell(Connection connection, String subject, String client, String txn, Instant at)
      throws SQLException {
    if (!hasBroker) {
      return;
    }
    ObjectNode body = StrictJson.object().put("client_id", client).put("txn", txn);
    String kind = EventOutbox.CLIENT_ENDED;
    if (!subject.equals(EVERYBODY)) {
      body.put("sub", subject);
      kind = EventOutbox.SESSION_ENDED;
    }
    Sql.update(connection, TELL, subject, txn, kind, StrictJson.write(body), at, at);
  }

  @Override
  public void endClient(String subject, String client, String txn, Instant at, String by) {
    Instant until = subject.equals(EVERYBODY) ? FOR_GOOD : at;
    database.transaction(connection -> {
      Sql.update(connection, END_CLIENT, Ids.random(), subject, client, at, at, until, by);
      tell(connection, subject, client, txn, at);
      return txn;
    });
    announced.run();
  }

  @Override
  public boolean openClient(String subject, String client) {
    return database.query(connection -> Sql.update(connection, OPEN_CLIENT, subject, client) == 1);
  }

  @Override
  public boolean isShut(String subject, String client) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, IS_SHUT, subject, client);
          ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    });
  }

  @Override
  public Optional<Instant> endedAt(String subject, String client) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, ENDED_AT, subject, EVERYBODY, client);
          ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(Sql.instant(row, "ended_at")) : Optional.<Instant>empty();
      }
    });
  }
}
