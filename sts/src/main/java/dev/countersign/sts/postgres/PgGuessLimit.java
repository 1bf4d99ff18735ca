package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.clients.GuessLimit;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;

/// Wrong client secrets: ten within five minutes from one source lock that client and source for
/// the rest of them. Threads may share it.
public final class PgGuessLimit implements GuessLimit {
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int MOST = 10;

  private static final String READ =
      """
      SELECT wrong
        FROM client_guess
       WHERE client_id = ?
         AND source = ?
         AND since > ?
      """;

  /// Parameters: 1 client, 2 source, 3 now, 4 start of the window.
  private static final String COUNT =
      """
      INSERT INTO client_guess AS old (client_id, source, since, wrong)
      VALUES (?, ?, ?, 1)
          ON CONFLICT (client_id, source)
          DO UPDATE SET since = CASE WHEN old.since > ? THEN old.since ELSE excluded.since END,
                        wrong = CASE WHEN old.since > ? THEN old.wrong + 1 ELSE 1 END
      """;

  private static final String FORGET = "DELETE FROM client_guess WHERE since < ?";

  private final Database database;

  public PgGuessLimit(Database database) {
    this.database = database;
  }

  @Override
  public boolean isLocked(String client, String source, Instant now) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, READ, client, source, now.minus(WINDOW));
          ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getInt("wrong") >= MOST;
      }
    });
  }

  @Override
  public void wrong(String client, String source, Instant now) {
    Instant start = now.minus(WINDOW);
    database.query(connection -> Sql.update(connection, COUNT, client, source, now, start, start));
  }

  /// Forgets what no longer counts.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now.minus(WINDOW)));
  }
}
