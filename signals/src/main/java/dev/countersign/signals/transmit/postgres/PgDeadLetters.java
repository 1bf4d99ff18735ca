package dev.countersign.signals.transmit.postgres;

import dev.countersign.box.Database;
import dev.countersign.signals.transmit.DeadLetters;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/// Dead events in PostgreSQL. Threads and replicas may share it.
public final class PgDeadLetters implements DeadLetters {
  private static final String LIST =
      """
      SELECT d.event_id, e.txn, d.subject, d.stream_id, s.receiver, d.rejection, d.deliveries,
             d.rejected_at
        FROM delivery d
        JOIN event e ON e.subject = d.subject AND e.event_id = d.event_id
        JOIN stream s ON s.stream_id = d.stream_id
       WHERE d.rejected_at IS NOT NULL
       ORDER BY d.rejected_at DESC
       LIMIT ?
      """;

  /// Parameters: 1 now, 2 now, 3 id.
  private static final String REVIVE =
      """
      UPDATE delivery
         SET rejected_at = NULL, rejection = NULL, due_at = ?, revived_at = ?
       WHERE event_id = ? AND rejected_at IS NOT NULL
      """;

  private static final String STREAMS = "SELECT stream_id, receiver FROM stream";

  /// The newest event that is one too many; nothing if none is.
  ///
  /// Parameters: 1 stream, 2 the most.
  private static final String FIRST_TOO_MANY =
      """
      SELECT place
        FROM delivery
       WHERE stream_id = ? AND acknowledged_at IS NULL AND rejected_at IS NULL
       ORDER BY place DESC
      OFFSET ?
       LIMIT 1
      """;

  /// Parameters: 1 now, 2 reason, 3 stream, 4 place.
  private static final String DROP =
      """
      UPDATE delivery
         SET rejected_at = ?, rejection = ?
       WHERE stream_id = ?
         AND acknowledged_at IS NULL
         AND rejected_at IS NULL
         AND place <= ?
      """;

  private static final String FORGET_DELIVERIES =
      """
      DELETE FROM delivery
       WHERE (stream_id, subject, event_id) IN (
             SELECT stream_id, subject, event_id
               FROM delivery
              WHERE acknowledged_at < ?
              LIMIT 10000
                FOR UPDATE SKIP LOCKED)
      """;

  /// Parameters: 1 before.
  private static final String FORGET_EVENTS =
      """
      DELETE FROM event
       WHERE (subject, event_id) IN (
             SELECT e.subject, e.event_id
               FROM event e
              WHERE e.accepted_at < ?
                AND NOT EXISTS (SELECT 1
                                  FROM delivery d
                                 WHERE d.subject = e.subject AND d.event_id = e.event_id)
              LIMIT 10000)
      """;

  private static final String WAITING =
      """
      SELECT s.stream_id, s.receiver, count(d.event_id) AS events
        FROM stream s
        LEFT JOIN delivery d
          ON d.stream_id = s.stream_id AND d.acknowledged_at IS NULL AND d.rejected_at IS NULL
       GROUP BY s.stream_id, s.receiver
       ORDER BY s.receiver
      """;

  private final Database database;

  public PgDeadLetters(Database database) {
    this.database = database;
  }

  @Override
  public List<Dead> list(int most) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(LIST)) {
        statement.setInt(1, most);
        var dead = new ArrayList<Dead>();
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            dead.add(
                new Dead(
                    rows.getString("event_id"),
                    rows.getString("txn"),
                    rows.getString("subject"),
                    rows.getString("stream_id"),
                    rows.getString("receiver"),
                    rows.getString("rejection"),
                    rows.getInt("deliveries"),
                    PgDeliveryStore.instant(rows, "rejected_at")));
          }
        }
        return dead;
      }
    });
  }

  @Override
  public int revive(String id, Instant now) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(REVIVE)) {
        statement.setObject(1, now.atOffset(ZoneOffset.UTC));
        statement.setObject(2, now.atOffset(ZoneOffset.UTC));
        statement.setString(3, id);
        return statement.executeUpdate();
      }
    });
  }

  @Override
  public List<Overflow> dropOverflow(int mostWaiting, Instant now) {
    return database.query(connection -> {
      var dropped = new ArrayList<Overflow>();
      try (PreparedStatement streams = connection.prepareStatement(STREAMS);
          ResultSet rows = streams.executeQuery()) {
        while (rows.next()) {
          String id = rows.getString("stream_id");
          int count = drop(connection, id, mostWaiting, now);
          if (count > 0) {
            dropped.add(new Overflow(id, rows.getString("receiver"), count));
          }
        }
      }
      return dropped;
    });
  }

  private static int drop(Connection connection, String streamId, int mostWaiting, Instant now)
      throws SQLException {
    try (PreparedStatement first = connection.prepareStatement(FIRST_TOO_MANY);
        PreparedStatement drop = connection.prepareStatement(DROP)) {
      first.setString(1, streamId);
      first.setInt(2, mostWaiting);
      try (ResultSet row = first.executeQuery()) {
        if (!row.next()) {
          return 0;
        }
        drop.setObject(1, now.atOffset(ZoneOffset.UTC));
        drop.setString(2, "dropped: the stream keeps at most " + mostWaiting + " events");
        drop.setString(3, streamId);
        drop.setLong(4, row.getLong("place"));
        return drop.executeUpdate();
      }
    }
  }

  @Override
  public void forget(Instant settledBefore) {
    database.query(connection -> {
      for (String sql : List.of(FORGET_DELIVERIES, FORGET_EVENTS)) {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
          statement.setObject(1, settledBefore.atOffset(ZoneOffset.UTC));
          statement.executeUpdate();
        }
      }
      return true;
    });
  }

  @Override
  public List<Overflow> waiting() {
    return database.query(connection -> {
      var waiting = new ArrayList<Overflow>();
      try (PreparedStatement statement = connection.prepareStatement(WAITING);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          waiting.add(
              new Overflow(
                  rows.getString("stream_id"), rows.getString("receiver"), rows.getInt("events")));
        }
      }
      return waiting;
    });
  }
}
