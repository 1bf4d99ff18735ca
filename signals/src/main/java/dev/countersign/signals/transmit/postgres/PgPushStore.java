package dev.countersign.signals.transmit.postgres;

import dev.countersign.box.Database;
import dev.countersign.signals.transmit.DeliveryStore;
import dev.countersign.signals.transmit.PushStore;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/// What is to be pushed, in PostgreSQL. Threads and replicas may share it.
public final class PgPushStore implements PushStore {
  /// Parameters: 1 stream, 2 now, 3 the most to take, 4 due again at.
  private static final String TAKE =
      """
      WITH due AS MATERIALIZED (
           SELECT d.stream_id, d.subject, d.event_id
             FROM delivery d
             JOIN stream s ON s.stream_id = d.stream_id AND s.status = 'enabled'
            WHERE d.stream_id = ?
              AND d.acknowledged_at IS NULL
              AND d.rejected_at IS NULL
              AND d.due_at <= ?
              AND NOT EXISTS (SELECT 1
                                FROM delivery older
                               WHERE older.stream_id = d.stream_id
                                 AND older.subject = d.subject
                                 AND older.acknowledged_at IS NULL
                                 AND older.rejected_at IS NULL
                                 AND older.place < d.place)
            ORDER BY d.place
            LIMIT ?
              FOR UPDATE OF d SKIP LOCKED)
      UPDATE delivery d
         SET due_at = ?, deliveries = d.deliveries + 1
        FROM due
        JOIN event e ON e.subject = due.subject AND e.event_id = due.event_id
       WHERE d.stream_id = due.stream_id
         AND d.subject = due.subject
         AND d.event_id = due.event_id
      RETURNING d.subject, d.event_id, d.deliveries - 1 AS deliveries, e.txn, e.event_type,
                e.sub_id, e.payload, e.accepted_at,
                greatest(e.accepted_at, d.revived_at) AS since
      """;

  /// Parameters: 1 why, 2 due again at, 3 stream, 4 id.
  private static final String POSTPONE =
      """
      UPDATE delivery
         SET last_error = ?, due_at = ?
       WHERE stream_id = ?
         AND event_id = ?
         AND acknowledged_at IS NULL
         AND rejected_at IS NULL
      """;

  private final Database database;

  public PgPushStore(Database database) {
    this.database = database;
  }

  @Override
  public List<Attempt> take(String streamId, int most, Instant now, Instant until) {
    return database.transaction(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(TAKE)) {
        statement.setString(1, streamId);
        statement.setObject(2, now.atOffset(ZoneOffset.UTC));
        statement.setInt(3, most);
        statement.setObject(4, until.atOffset(ZoneOffset.UTC));
        var taken = new ArrayList<Attempt>();
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            taken.add(
                new Attempt(
                    PgDeliveryStore.due(rows),
                    rows.getInt("deliveries"),
                    PgDeliveryStore.instant(rows, "since")));
          }
        }
        return taken;
      }
    });
  }

  @Override
  public void postpone(String streamId, DeliveryStore.Due due, String error, Instant at) {
    database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(POSTPONE)) {
        statement.setString(1, error);
        statement.setObject(2, at.atOffset(ZoneOffset.UTC));
        statement.setString(3, streamId);
        statement.setString(4, due.id());
        return statement.executeUpdate();
      }
    });
  }
}
