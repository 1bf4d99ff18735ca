package dev.countersign.signals.act.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.SecurityEventToken;
import dev.countersign.signals.act.Inbox;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;

/// Tokens in PostgreSQL: a token and its steps are one transaction. Threads may share it.
public final class PgInbox implements Inbox {
  /// Parameters: 1 subject, 2 issuer, 3 id, 4 txn, 5 type, 6 event, 7 event time, 8 issue time, 9
  /// now, 10 now if nothing is to be done.
  private static final String ADD =
      """
      INSERT INTO received (subject, issuer, set_id, txn, event_type, event, event_at, issued_at,
                            received_at, closed_at)
      VALUES (?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String ADD_STEP =
      """
      INSERT INTO step (subject, issuer, set_id, handler, next_at)
      VALUES (?, ?, ?, ?, ?)
      """;

  private static final String IS_NOTED =
      """
      SELECT noted_at IS NOT NULL
        FROM received
       WHERE subject = ? AND issuer = ? AND set_id = ?
      """;

  private static final String NOTE =
      """
      UPDATE received
         SET noted_at = ?
       WHERE subject = ? AND issuer = ? AND set_id = ?
      """;

  private static final String IS_STORED =
      """
      SELECT true
        FROM received
       WHERE subject = ? AND issuer = ? AND set_id = ?
      """;

  private static final String IS_KNOWN =
      """
      SELECT true
        FROM received
       WHERE subject = ? AND txn = ? AND issuer = ?
       LIMIT 1
      """;

  private static final String COUNT_SINCE =
      """
      SELECT count(*)
        FROM received r
       WHERE r.issuer = ?
         AND r.received_at > ?
         AND EXISTS (SELECT 1
                       FROM step s
                      WHERE s.subject = r.subject
                        AND s.issuer = r.issuer
                        AND s.set_id = r.set_id)
      """;

  private final Database database;

  public PgInbox(Database database) {
    this.database = database;
  }

  @Override
  public Stored store(TokenKey key, SecurityEventToken token, List<String> handlers, Instant now) {
    return database.transaction(connection -> {
      if (!isNew(connection, key, token, handlers.isEmpty(), now)) {
        return isNoted(connection, key) ? Stored.REPEATED : Stored.NOT_NOTED;
      }
      try (PreparedStatement statement = connection.prepareStatement(ADD_STEP)) {
        for (String handler : handlers) {
          bind(statement, 1, key);
          statement.setString(4, handler);
          statement.setObject(5, utc(now));
          statement.addBatch();
        }
        statement.executeBatch();
      }
      return Stored.NEW;
    });
  }

  private static boolean isNew(
      Connection connection, TokenKey key, SecurityEventToken token, boolean isClosed, Instant now)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD)) {
      bind(statement, 1, key);
      statement.setString(4, token.txn());
      statement.setString(5, token.event().type());
      statement.setString(6, StrictJson.write(token.event().payload()));
      statement.setObject(7, utc(token.happenedAt()));
      statement.setObject(8, utc(token.issuedAt()));
      statement.setObject(9, utc(now));
      statement.setObject(10, isClosed ? utc(now) : null);
      return statement.executeUpdate() == 1;
    }
  }

  private static boolean isNoted(Connection connection, TokenKey key) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(IS_NOTED)) {
      bind(statement, 1, key);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  @Override
  public void noted(TokenKey key, Instant now) {
    database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(NOTE)) {
        statement.setObject(1, utc(now));
        bind(statement, 2, key);
        return statement.executeUpdate();
      }
    });
  }

  @Override
  public boolean isStored(TokenKey key) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(IS_STORED)) {
        bind(statement, 1, key);
        try (ResultSet row = statement.executeQuery()) {
          return row.next();
        }
      }
    });
  }

  @Override
  public boolean isKnown(String issuer, String subject, String txn) {
    if (txn.isEmpty()) {
      return false;
    }
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(IS_KNOWN)) {
        statement.setString(1, subject);
        statement.setString(2, txn);
        statement.setString(3, issuer);
        try (ResultSet row = statement.executeQuery()) {
          return row.next();
        }
      }
    });
  }

  @Override
  public int countSince(String issuer, Instant since) {
    return database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(COUNT_SINCE)) {
        statement.setString(1, issuer);
        statement.setObject(2, utc(since));
        try (ResultSet row = statement.executeQuery()) {
          return row.next() ? row.getInt(1) : 0;
        }
      }
    });
  }

  private static void bind(PreparedStatement statement, int from, TokenKey key)
      throws SQLException {
    statement.setString(from, key.subject());
    statement.setString(from + 1, key.issuer());
    statement.setString(from + 2, key.id());
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
