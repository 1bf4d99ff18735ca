package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
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
}
