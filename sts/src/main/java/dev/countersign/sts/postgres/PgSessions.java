package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.Ids;
import dev.countersign.sts.SessionStore;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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

  /// Parameters: 1 id, 2 subject, 3 client, 4 now, 5 now, 6 now, 7 who.
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

  private static final String ENDED_AT =
      "SELECT ended_at FROM session WHERE subject = ? AND client_id = ? AND ended_at IS NOT NULL";

  private final Database database;

  public PgSessions(Database database) {
    this.database = database;
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
  public Optional<String> end(String subject, String session, Instant at, String by) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, END, at, by, subject, session);
          ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(row.getString("client_id")) : Optional.<String>empty();
      }
    });
  }

  @Override
  public void endClient(String subject, String client, Instant at, String by) {
    database.query(connection ->
        Sql.update(connection, END_CLIENT, Ids.random(), subject, client, at, at, at, by));
  }

  @Override
  public boolean openClient(String subject, String client) {
    return database.query(connection -> Sql.update(connection, OPEN_CLIENT, subject, client) == 1);
  }

  @Override
  public Optional<Instant> endedAt(String subject, String client) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, ENDED_AT, subject, client);
          ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(Sql.instant(row, "ended_at")) : Optional.<Instant>empty();
      }
    });
  }
}
