package dev.countersign.signals.transmit.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.Seal;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.SubjectId;
import dev.countersign.signals.transmit.Stream;
import dev.countersign.signals.transmit.StreamStore;
import java.net.URI;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Streams in PostgreSQL. Threads may share it.
public final class PgStreamStore implements StreamStore {
  /// Parameters: 1 id, 2 receiver, 3 requested types, 4 delivered types, 5 description, 6 status, 7
  /// reason, 8 now, 9 now, 10 method, 11 endpoint, 12 header.
  private static final String ADD =
      """
      INSERT INTO stream (stream_id, receiver, events_requested, events_delivered, description,
                          status, status_reason, created_at, updated_at, method, endpoint_url,
                          authorization_header)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (receiver) DO NOTHING
      """;

  /// What no stream ever got, because there was none for it, goes to the first that wants it.
  ///
  /// Parameters: 1 stream, 2 now, 3 delivered types, 4 accepted after.
  private static final String CATCH_UP =
      """
      INSERT INTO delivery (stream_id, subject, event_id, due_at)
      SELECT ?, e.subject, e.event_id, ?
        FROM event e
       WHERE e.event_type = ANY (?)
         AND e.accepted_at > ?
         AND NOT EXISTS (SELECT 1 FROM delivery d
                          WHERE d.subject = e.subject AND d.event_id = e.event_id)
       ORDER BY e.accepted_at
      """;

  private static final String OF_RECEIVER =
      """
      SELECT stream_id, receiver, events_requested, events_delivered, description, status,
             status_reason, method, endpoint_url, authorization_header
        FROM stream
       WHERE receiver = ?
       ORDER BY created_at
      """;

  private static final String FIND =
      """
      SELECT stream_id, receiver, events_requested, events_delivered, description, status,
             status_reason, method, endpoint_url, authorization_header
        FROM stream
       WHERE receiver = ? AND stream_id = ?
      """;

  private static final String REMOVE =
      """
      DELETE FROM stream
       WHERE receiver = ? AND stream_id = ?
      """;

  /// Parameters: 1 status, 2 reason, 3 now, 4 receiver, 5 id.
  private static final String SET_STATUS =
      """
      UPDATE stream
         SET status = ?, status_reason = ?, updated_at = ?
       WHERE receiver = ? AND stream_id = ?
      RETURNING stream_id, receiver, events_requested, events_delivered, description, status,
                status_reason, method, endpoint_url, authorization_header
      """;

  /// Parameters: 1 requested types, 2 delivered types, 3 description, 4 now, 5 method, 6 endpoint,
  /// 7 header, 8 receiver, 9 id.
  private static final String CHANGE =
      """
      UPDATE stream
         SET events_requested = ?, events_delivered = ?, description = ?, updated_at = ?,
             method = ?, endpoint_url = ?, authorization_header = ?
       WHERE receiver = ? AND stream_id = ?
      RETURNING stream_id, receiver, events_requested, events_delivered, description, status,
                status_reason, method, endpoint_url, authorization_header
      """;

  private static final String PUSHED =
      """
      SELECT stream_id, receiver, events_requested, events_delivered, description, status,
             status_reason, method, endpoint_url, authorization_header
        FROM stream
       WHERE method = 'push' AND status = 'enabled'
      """;

  private static final String TAKE_OUT =
      """
      INSERT INTO removed_subject (stream_id, subject_iss, subject, removed_at)
      VALUES (?, ?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String PUT_BACK =
      """
      DELETE FROM removed_subject
       WHERE stream_id = ? AND subject_iss = ? AND subject = ?
      """;

  /// Parameters: 1 now, 2 receiver, 3 id, 4 last verified before.
  private static final String NOTE_VERIFIED =
      """
      UPDATE stream
         SET verified_at = ?
       WHERE receiver = ? AND stream_id = ? AND (verified_at IS NULL OR verified_at <= ?)
      """;

  /// Parameters: 1 stream, 2 id, 3 txn, 4 type, 5 `sub_id`, 6 payload, 7 now.
  private static final String ADD_VERIFICATION =
      """
      INSERT INTO event (subject, event_id, source, txn, event_type, subject_iss, sub_id, payload,
                         accepted_at)
      VALUES (?, ?, 'transmitter', ?, ?, '', ?::jsonb, ?::jsonb, ?)
      """;

  private static final String ADD_DELIVERY =
      """
      INSERT INTO delivery (stream_id, subject, event_id, due_at)
      VALUES (?, ?, ?, ?)
      """;

  private static final Duration CATCH_UP_BACK = Duration.ofDays(7);

  /// Parameters: 1 sealed, 2 id, 3 as it was.
  private static final String SEAL =
      """
      UPDATE stream
         SET authorization_header = ?
       WHERE stream_id = ? AND authorization_header = ?
      """;

  private static final String PLAIN_HEADERS =
      """
      SELECT stream_id, authorization_header
        FROM stream
       WHERE authorization_header <> '' AND authorization_header NOT LIKE 'sealed:%'
      """;

  private static final String SEALED = "sealed:";
  private static final Logger LOG = LoggerFactory.getLogger(PgStreamStore.class);

  private final Database database;
  private final Seal seal;

  /// @param seal closes the headers that go with pushes
  public PgStreamStore(Database database, Seal seal) {
    this.database = database;
    this.seal = seal;
  }

  /// Closes headers that an earlier version wrote in plain text.
  public void sealPlainHeaders() {
    database.transaction(connection -> {
      try (PreparedStatement plain = connection.prepareStatement(PLAIN_HEADERS);
          PreparedStatement update = connection.prepareStatement(SEAL);
          ResultSet rows = plain.executeQuery()) {
        while (rows.next()) {
          String id = rows.getString("stream_id");
          String header = rows.getString("authorization_header");
          update.setString(1, SEALED + seal.seal(header, id));
          update.setString(2, id);
          update.setString(3, header);
          update.executeUpdate();
        }
        return true;
      }
    });
  }

  @Override
  public boolean add(Stream stream, Instant now) {
    return database.transaction(connection -> {
      StreamLock.forStream(connection);
      try (PreparedStatement statement = connection.prepareStatement(ADD)) {
        statement.setString(1, stream.id());
        statement.setString(2, stream.receiver());
        statement.setArray(3, texts(connection, stream.eventsRequested()));
        statement.setArray(4, texts(connection, stream.eventsDelivered()));
        statement.setString(5, stream.description());
        statement.setString(6, stream.status().wireName());
        statement.setString(7, stream.reason());
        statement.setObject(8, utc(now));
        statement.setObject(9, utc(now));
        bind(statement, 10, stream);
        if (statement.executeUpdate() == 0) {
          return false;
        }
      }
      catchUp(connection, stream, now);
      return true;
    });
  }

  private static void catchUp(Connection connection, Stream stream, Instant now)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(CATCH_UP)) {
      statement.setString(1, stream.id());
      statement.setObject(2, utc(now));
      statement.setArray(3, texts(connection, stream.eventsDelivered()));
      statement.setObject(4, utc(now.minus(CATCH_UP_BACK)));
      statement.executeUpdate();
    }
  }

  @Override
  public List<Stream> of(String receiver) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(OF_RECEIVER)) {
        statement.setString(1, receiver);
        return streams(statement);
      }
    });
  }

  @Override
  public Optional<Stream> find(String receiver, String id) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(FIND)) {
        statement.setString(1, receiver);
        statement.setString(2, id);
        return streams(statement).stream().findFirst();
      }
    });
  }

  @Override
  public boolean remove(String receiver, String id) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(REMOVE)) {
        statement.setString(1, receiver);
        statement.setString(2, id);
        return statement.executeUpdate() == 1;
      }
    });
  }

  @Override
  public Optional<Stream> setStatus(
      String receiver, String id, Stream.Status status, String reason, Instant now) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(SET_STATUS)) {
        statement.setString(1, status.wireName());
        statement.setString(2, reason);
        statement.setObject(3, utc(now));
        statement.setString(4, receiver);
        statement.setString(5, id);
        return streams(statement).stream().findFirst();
      }
    });
  }

  @Override
  public Optional<Stream> change(Stream stream, Instant now) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(CHANGE)) {
        statement.setArray(1, texts(connection, stream.eventsRequested()));
        statement.setArray(2, texts(connection, stream.eventsDelivered()));
        statement.setString(3, stream.description());
        statement.setObject(4, utc(now));
        bind(statement, 5, stream);
        statement.setString(8, stream.receiver());
        statement.setString(9, stream.id());
        return streams(statement).stream().findFirst();
      }
    });
  }

  @Override
  public boolean setSubject(
      String receiver, String id, SubjectId.IssuerAndSubject subject, boolean isIn, Instant now) {
    return database.query(connection -> {
      if (find(receiver, id).isEmpty()) {
        return false;
      }
      try (PreparedStatement statement = connection.prepareStatement(isIn ? PUT_BACK : TAKE_OUT)) {
        statement.setString(1, id);
        statement.setString(2, subject.iss());
        statement.setString(3, subject.sub());
        if (!isIn) {
          statement.setObject(4, utc(now));
        }
        statement.executeUpdate();
        return true;
      }
    });
  }

  @Override
  public List<Stream> pushed() {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(PUSHED)) {
        return streams(statement);
      }
    });
  }

  @Override
  public Verification verify(
      String receiver, String id, String state, Duration atMostEvery, Instant now) {
    return database.transaction(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(NOTE_VERIFIED)) {
        statement.setObject(1, utc(now));
        statement.setString(2, receiver);
        statement.setString(3, id);
        statement.setObject(4, utc(now.minus(atMostEvery)));
        if (statement.executeUpdate() == 0) {
          return find(receiver, id).isPresent()
              ? Verification.TOO_SOON
              : Verification.UNKNOWN_STREAM;
        }
      }
      addVerification(connection, id, state, now);
      return Verification.SENT;
    });
  }

  private static void addVerification(
      Connection connection, String streamId, String state, Instant now) throws SQLException {
    String eventId = Ids.random();
    ObjectNode payload = StrictJson.object();
    if (!state.isEmpty()) {
      payload.put("state", state);
    }
    try (PreparedStatement event = connection.prepareStatement(ADD_VERIFICATION);
        PreparedStatement delivery = connection.prepareStatement(ADD_DELIVERY)) {
      event.setString(1, streamId);
      event.setString(2, eventId);
      event.setString(3, eventId);
      event.setString(4, EventTypes.VERIFICATION);
      event.setString(5, StrictJson.write(new SubjectId.Opaque(streamId).json()));
      event.setString(6, StrictJson.write(payload));
      event.setObject(7, utc(now));
      event.executeUpdate();
      delivery.setString(1, streamId);
      delivery.setString(2, streamId);
      delivery.setString(3, eventId);
      delivery.setObject(4, utc(now));
      delivery.executeUpdate();
    }
  }

  private List<Stream> streams(PreparedStatement statement) throws SQLException {
    var streams = new ArrayList<Stream>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        streams.add(
            new Stream(
                rows.getString("stream_id"),
                rows.getString("receiver"),
                texts(rows, "events_requested"),
                texts(rows, "events_delivered"),
                delivery(rows),
                rows.getString("description"),
                Stream.Status.of(rows.getString("status")).orElseThrow(),
                rows.getString("status_reason")));
      }
    }
    return streams;
  }

  private Stream.Delivery delivery(ResultSet row) throws SQLException {
    if (row.getString("method").equals("poll")) {
      return new Stream.Delivery.Poll();
    }
    String header = row.getString("authorization_header");
    return new Stream.Delivery.Push(
        URI.create(row.getString("endpoint_url")), opened(row.getString("stream_id"), header));
  }

  /// A header that does not open is not sent: the receiver refuses the push, which is seen, and
  /// sets the header anew.
  private Optional<Secret> opened(String streamId, String header) {
    if (!header.startsWith(SEALED)) {
      return header.isEmpty() ? Optional.empty() : Optional.of(new Secret(header));
    }
    try {
      return Optional.of(new Secret(seal.open(header.substring(SEALED.length()), streamId)));
    } catch (IllegalStateException otherKey) {
      LOG.warn("stream {}: its authorization_header does not open with seal-key", streamId);
      return Optional.empty();
    }
  }

  private void bind(PreparedStatement statement, int from, Stream stream) throws SQLException {
    switch (stream.delivery()) {
      case Stream.Delivery.Poll _ -> {
        statement.setString(from, "poll");
        statement.setString(from + 1, "");
        statement.setString(from + 2, "");
      }
      case Stream.Delivery.Push(URI endpoint, Optional<Secret> authorization) -> {
        statement.setString(from, "push");
        statement.setString(from + 1, endpoint.toString());
        statement.setString(
            from + 2,
            authorization
                .map(header -> SEALED + seal.seal(header.reveal(), stream.id()))
                .orElse(""));
      }
    }
  }

  private static java.sql.Array texts(Connection connection, List<String> texts)
      throws SQLException {
    return connection.createArrayOf("text", texts.toArray());
  }

  private static List<String> texts(ResultSet row, String column) throws SQLException {
    return List.of((String[]) row.getArray(column).getArray());
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
