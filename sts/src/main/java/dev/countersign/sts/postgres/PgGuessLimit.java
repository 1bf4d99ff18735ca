package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.clients.GuessLimit;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;

/// Wrong client secrets: ten within five minutes from one source lock that client and source for
/// the rest of them, and after a hundred the source may try few secrets that were never right here.
/// Clients that do not exist are counted like those that do, so a lock tells nobody which exist.
///
/// Threads may share it.
public final class PgGuessLimit implements GuessLimit {
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int MOST = 10;
  private static final int MOST_OF_SOURCE = 100;
  private static final int LONGEST_ID = 128;
  // Stands for all clients of a source.
  private static final String ANY = "";

  private static final String READ =
      """
      SELECT client_id
        FROM client_guess
       WHERE source = ?
         AND since > ?
         AND ((client_id = ? AND wrong >= ?) OR (client_id = ? AND wrong >= ?))
      """;

  /// Parameters: 1 client, 2 source, 3 now, 4 and 5 start of the window.
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
  public Lock lock(String client, String source, Instant now) {
    return database.query(connection -> {
      try (var statement =
              Sql.bind(
                  connection,
                  READ,
                  source,
                  now.minus(WINDOW),
                  known(client),
                  MOST,
                  ANY,
                  MOST_OF_SOURCE);
          ResultSet rows = statement.executeQuery()) {
        Lock lock = Lock.NONE;
        while (rows.next()) {
          lock = rows.getString(1).equals(ANY) && lock != Lock.CLIENT ? Lock.SOURCE : Lock.CLIENT;
        }
        return lock;
      }
    });
  }

  @Override
  public void wrong(String client, String source, Instant now) {
    Instant start = now.minus(WINDOW);
    database.query(connection -> {
      Sql.update(connection, COUNT, ANY, source, now, start, start);
      return known(client).equals(ANY)
          ? 0
          : Sql.update(connection, COUNT, client, source, now, start, start);
    });
  }

  // No client has a longer id, and the column is an index.
  private static String known(String client) {
    return client.length() > LONGEST_ID ? ANY : client;
  }

  /// Forgets what no longer counts.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now.minus(WINDOW)));
  }
}
