package dev.countersign.signals.transmit.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.SecurityEvent;
import dev.countersign.signals.SubjectId;
import dev.countersign.signals.transmit.DeliveryStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Deliveries in PostgreSQL. Threads and replicas may share it: two polls never take the same event
/// at the same time.
public final class PgDeliveryStore implements DeliveryStore {
  /// Parameters: 1 stream, 2 now, 3 the most to take.
  private static final String TAKE =
      """
      SELECT d.subject, d.event_id, d.deliveries, e.txn, e.event_type, e.sub_id, e.payload,
             e.accepted_at
        FROM delivery d
        JOIN stream s ON s.stream_id = d.stream_id AND s.status = 'enabled'
        JOIN event e ON e.subject = d.subject AND e.event_id = d.event_id
       WHERE d.stream_id = ?
         AND d.acknowledged_at IS NULL
         AND d.rejected_at IS NULL
         AND d.due_at <= ?
       ORDER BY d.place
       LIMIT ?
         FOR UPDATE OF d SKIP LOCKED
      """;

  /// The newest, so that a kill of now does not wait behind a backlog. Events of one subject keep
  /// their order: what has an older one before it waits.
  ///
  /// Parameters: 1 stream, 2 now, 3 the most to take.
  private static final String TAKE_NEWEST =
      """
      SELECT d.subject, d.event_id, d.deliveries, e.txn, e.event_type, e.sub_id, e.payload,
             e.accepted_at
        FROM delivery d
        JOIN stream s ON s.stream_id = d.stream_id AND s.status = 'enabled'
        JOIN event e ON e.subject = d.subject AND e.event_id = d.event_id
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
       ORDER BY d.place DESC
       LIMIT ?
         FOR UPDATE OF d SKIP LOCKED
      """;

  /// Of a full answer, one part in so many goes to the newest events.
  private static final int RESERVE = 5;

  /// Parameters: 1 due again at, 2 stream, 3 subject, 4 event.
  private static final String SENT =
      """
      UPDATE delivery
         SET deliveries = deliveries + 1, due_at = ?
       WHERE stream_id = ? AND subject = ? AND event_id = ?
      """;

  /// Parameters: 1 time, 2 stream, 3 ids.
  private static final String ACKNOWLEDGE =
      """
      UPDATE delivery d
         SET acknowledged_at = ?
        FROM event e
       WHERE d.stream_id = ?
         AND d.event_id = ANY (?)
         AND d.acknowledged_at IS NULL
         AND d.rejected_at IS NULL
         AND d.deliveries > 0
         AND e.subject = d.subject
         AND e.event_id = d.event_id
      RETURNING d.event_id, d.subject, d.deliveries, e.txn, e.accepted_at
      """;

  /// Parameters: 1 time, 2 what is wrong, 3 stream, 4 id.
  private static final String REJECT =
      """
      UPDATE delivery d
         SET rejected_at = ?, rejection = ?
        FROM event e
       WHERE d.stream_id = ?
         AND d.event_id = ?
         AND d.acknowledged_at IS NULL
         AND d.rejected_at IS NULL
         AND d.deliveries > 0
         AND e.subject = d.subject
         AND e.event_id = d.event_id
      RETURNING d.event_id, d.subject, d.deliveries, e.txn, e.accepted_at
      """;

  private final Database database;

  public PgDeliveryStore(Database database) {
    this.database = database;
  }

  @Override
  public Batch take(String streamId, int most, Instant now) {
    return database.transaction(connection -> take(connection, streamId, most, now));
  }

  private static Batch take(Connection connection, String streamId, int most, Instant now)
      throws SQLException {
    int reserve = most / RESERVE;
    var due = new ArrayList<Due>();
    // One more than wanted tells whether others are due.
    boolean more = take(connection, TAKE, streamId, now, most - reserve, due);
    if (more && reserve > 0) {
      more = take(connection, TAKE_NEWEST, streamId, now, reserve, due) || more;
    }
    return new Batch(due, more);
  }

  /// @return whether others are due as well
  private static boolean take(
      Connection connection, String sql, String streamId, Instant now, int most, List<Due> due)
      throws SQLException {
    boolean more = false;
    int taken = 0;
    try (PreparedStatement select = connection.prepareStatement(sql);
        PreparedStatement sent = connection.prepareStatement(SENT)) {
      select.setString(1, streamId);
      select.setObject(2, utc(now));
      select.setInt(3, most + 1);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          if (taken == most) {
            more = true;
            break;
          }
          taken++;
          due.add(due(rows));
          sent.setObject(1, utc(now.plus(DeliveryStore.retryAfter(rows.getInt("deliveries") + 1))));
          sent.setString(2, streamId);
          sent.setString(3, rows.getString("subject"));
          sent.setString(4, rows.getString("event_id"));
          sent.addBatch();
        }
      }
      if (taken > 0) {
        sent.executeBatch();
      }
    }
    return more;
  }

  static Due due(ResultSet row) throws SQLException {
    return new Due(
        row.getString("event_id"),
        row.getString("txn"),
        SubjectId.parse(StrictJson.parse(row.getString("sub_id"))),
        new SecurityEvent(
            row.getString("event_type"), StrictJson.parseObject(row.getString("payload"))),
        instant(row, "accepted_at"));
  }

  @Override
  public void acknowledge(
      String streamId, Collection<String> ids, Instant now, Consumer<Settled> each) {
    database.transaction(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(ACKNOWLEDGE)) {
        statement.setObject(1, utc(now));
        statement.setString(2, streamId);
        statement.setArray(3, connection.createArrayOf("text", ids.toArray()));
        settled(statement).forEach(each);
        return true;
      }
    });
  }

  @Override
  public void reject(
      String streamId, Map<String, String> errors, Instant now, Consumer<Settled> each) {
    database.transaction(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(REJECT)) {
        for (Map.Entry<String, String> error : errors.entrySet()) {
          statement.setObject(1, utc(now));
          statement.setString(2, error.getValue());
          statement.setString(3, streamId);
          statement.setString(4, error.getKey());
          settled(statement).forEach(each);
        }
        return true;
      }
    });
  }

  private static List<Settled> settled(PreparedStatement statement) throws SQLException {
    var settled = new ArrayList<Settled>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        settled.add(
            new Settled(
                rows.getString("event_id"),
                rows.getString("txn"),
                rows.getString("subject"),
                instant(rows, "accepted_at"),
                rows.getInt("deliveries")));
      }
    }
    return settled;
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }

  static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }
}
