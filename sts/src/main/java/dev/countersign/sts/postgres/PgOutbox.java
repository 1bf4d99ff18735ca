package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.EventOutbox;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The event outbox; replicas share the work without waiting for each other. Threads may share it.
public final class PgOutbox implements EventOutbox {
  // What a token paid for is over by itself after a while; a broker that never answers, or is not
  // there at all, is not asked for ever.
  private static final Duration BROKER_PATIENCE = Duration.ofDays(1);

  /// Parameters: 1 claimed until, 2 now, 3 how old the news for a broker may be, 4 the most rows.
  private static final String CLAIM =
      """
      UPDATE event_outbox
         SET next_try_at = ?, attempts = attempts + 1
       WHERE (subject, txn, kind) IN (
             SELECT subject, txn, kind
               FROM event_outbox
              WHERE delivered_at IS NULL
                AND next_try_at <= ?
                AND (target <> 'broker' OR created_at > ?)
              ORDER BY next_try_at
              LIMIT ?
                FOR UPDATE SKIP LOCKED)
      RETURNING subject, txn, target, kind, event, attempts
      """;

  private static final String DELIVERED =
      "UPDATE event_outbox SET delivered_at = ? WHERE subject = ? AND txn = ? AND kind = ?";

  private static final String RETRY =
      """
      UPDATE event_outbox
         SET next_try_at = ?
       WHERE subject = ?
         AND txn = ?
         AND kind = ?
         AND delivered_at IS NULL
      """;

  private final Database database;

  public PgOutbox(Database database) {
    this.database = database;
  }

  @Override
  public List<Due> claim(Instant now, Instant until, int limit) {
    return database.transaction(connection -> {
      var due = new ArrayList<Due>();
      try (var statement =
              Sql.bind(connection, CLAIM, until, now, now.minus(BROKER_PATIENCE), limit);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          due.add(
              new Due(
                  rows.getString("subject"),
                  rows.getString("txn"),
                  Target.valueOf(rows.getString("target").toUpperCase(Locale.ROOT)),
                  rows.getString("kind"),
                  rows.getString("event"),
                  rows.getInt("attempts") - 1));
        }
      }
      return due;
    });
  }

  @Override
  public void delivered(Due event, Instant now) {
    database.query(connection ->
        Sql.update(connection, DELIVERED, now, event.subject(), event.txn(), event.kind()));
  }

  @Override
  public void retry(Due event, Instant at) {
    database.query(connection ->
        Sql.update(connection, RETRY, at, event.subject(), event.txn(), event.kind()));
  }
}
