package dev.countersign.signals.transmit.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.transmit.EventStore;
import dev.countersign.signals.transmit.IncomingEvent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;

/// Events in PostgreSQL: an event and its deliveries are one transaction. Threads may share it.
public final class PgEventStore implements EventStore {
  /// Parameters: 1 subject, 2 id, 3 source, 4 txn, 5 type, 6 the subject's issuer, 7 `sub_id`, 8
  /// payload, 9 now.
  private static final String ADD_EVENT =
      """
      INSERT INTO event (subject, event_id, source, txn, event_type, subject_iss, sub_id, payload,
                         accepted_at)
      VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?)
          ON CONFLICT (subject, subject_iss, source, txn, event_type) DO NOTHING
      """;

  private static final String FIND_EVENT =
      """
      SELECT e.event_id, (SELECT count(*) FROM delivery d
                           WHERE d.subject = e.subject AND d.event_id = e.event_id) AS streams
        FROM event e
       WHERE e.subject = ? AND e.subject_iss = ? AND e.source = ? AND e.txn = ?
         AND e.event_type = ?
      """;

  /// Parameters: 1 subject, 2 id, 3 now, 4 type, 5 the subject's issuer, 6 subject.
  private static final String ADD_DELIVERIES =
      """
      INSERT INTO delivery (stream_id, subject, event_id, due_at)
      SELECT s.stream_id, ?, ?, ?
        FROM stream s
       WHERE s.status <> 'disabled'
         AND ? = ANY (s.events_delivered)
         AND NOT EXISTS (SELECT 1
                           FROM removed_subject r
                          WHERE r.stream_id = s.stream_id
                            AND r.subject_iss = ?
                            AND r.subject = ?)
      """;

  /// Whether a source has handed in so many events since then: finds the one that is one too many.
  ///
  /// Parameters: 1 source, 2 since, 3 the most.
  private static final String IS_FULL =
      """
      SELECT 1
        FROM event
       WHERE source = ? AND accepted_at > ?
       ORDER BY accepted_at DESC
      OFFSET ?
       LIMIT 1
      """;

  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final Database database;

  public PgEventStore(Database database) {
    this.database = database;
  }

  @Override
  public Optional<Accepted> accept(String source, IncomingEvent event, int perMinute, Instant now) {
    String id = Ids.random();
    return database.transaction(connection -> {
      StreamLock.forEvent(connection);
      if (isFull(connection, source, perMinute, now)) {
        return find(connection, source, event); // what is there already is told again, always
      }
      return Optional.of(
          isNew(connection, source, id, event, now)
              ? new Accepted(id, deliver(connection, id, event, now), false)
              : known(connection, source, event));
    });
  }

  private static boolean isFull(Connection connection, String source, int perMinute, Instant now)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(IS_FULL)) {
      statement.setString(1, source);
      statement.setObject(2, now.minus(MINUTE).atOffset(ZoneOffset.UTC));
      statement.setInt(3, perMinute - 1);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next();
      }
    }
  }

  private static boolean isNew(
      Connection connection, String source, String id, IncomingEvent event, Instant now)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD_EVENT)) {
      statement.setString(1, event.subject().sub());
      statement.setString(2, id);
      statement.setString(3, source);
      statement.setString(4, event.txn());
      statement.setString(5, event.event().type());
      statement.setString(6, event.subject().iss());
      statement.setString(7, StrictJson.write(event.subject().json()));
      statement.setString(8, StrictJson.write(event.event().payload()));
      statement.setObject(9, now.atOffset(ZoneOffset.UTC));
      return statement.executeUpdate() == 1;
    }
  }

  private static int deliver(Connection connection, String id, IncomingEvent event, Instant now)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD_DELIVERIES)) {
      statement.setString(1, event.subject().sub());
      statement.setString(2, id);
      statement.setObject(3, now.atOffset(ZoneOffset.UTC));
      statement.setString(4, event.event().type());
      statement.setString(5, event.subject().iss());
      statement.setString(6, event.subject().sub());
      return statement.executeUpdate();
    }
  }

  private static Accepted known(Connection connection, String source, IncomingEvent event)
      throws SQLException {
    return find(connection, source, event)
        .orElseThrow(() -> new SQLException("a known event is not there", "40001")); // once more
  }

  private static Optional<Accepted> find(Connection connection, String source, IncomingEvent event)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FIND_EVENT)) {
      statement.setString(1, event.subject().sub());
      statement.setString(2, event.subject().iss());
      statement.setString(3, source);
      statement.setString(4, event.txn());
      statement.setString(5, event.event().type());
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next()
            ? Optional.of(new Accepted(rows.getString("event_id"), rows.getInt("streams"), true))
            : Optional.empty();
      }
    }
  }
}
