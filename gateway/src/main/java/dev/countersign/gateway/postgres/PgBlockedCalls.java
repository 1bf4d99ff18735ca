package dev.countersign.gateway.postgres;

import dev.countersign.box.Database;
import dev.countersign.gateway.BlockedCalls;
import dev.countersign.gateway.Emitter;
import dev.countersign.gateway.EventOutbox;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Blocked calls and the events that come of them, in PostgreSQL: the call that is one too many and
/// its event are one transaction. Threads and replicas may share it.
public final class PgBlockedCalls implements BlockedCalls, EventOutbox {
  private static final String TYPE =
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

  /// Parallel calls of one person are counted one after the other. Parameters: 1 subject.
  private static final String LOCK =
      "SELECT pg_advisory_xact_lock(hashtextextended('blocked ' || ?, 0))";

  /// Parameters: 1 subject, 2 jti, 3 now.
  private static final String ADD =
      "INSERT INTO blocked_call (subject, jti, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";

  /// Parameters: 1 subject, 2 since.
  private static final String COUNT =
      "SELECT count(*) FROM blocked_call WHERE subject = ? AND at > ?";

  /// Parameters: 1 subject.
  private static final String FORGET = "DELETE FROM blocked_call WHERE subject = ?";

  /// What no window holds any more, some of it with each call. Parameters: 1 since.
  private static final String PURGE =
      """
      DELETE FROM blocked_call
       WHERE (subject, jti) IN (
             SELECT subject, jti
               FROM blocked_call
              WHERE at <= ?
              ORDER BY at
              LIMIT 20
                FOR UPDATE SKIP LOCKED)
      """;

  /// Parameters: 1 subject, 2 txn, 3 event, 4 now.
  private static final String ANNOUNCE =
      """
      INSERT INTO event_outbox (subject, txn, event, next_try_at)
      VALUES (?, ?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  /// Parameters: 1 claimed until, 2 now, 3 the most rows.
  private static final String CLAIM =
      """
      UPDATE event_outbox
         SET next_try_at = ?, attempts = attempts + 1
       WHERE (subject, txn) IN (
             SELECT subject, txn
               FROM event_outbox
              WHERE next_try_at <= ?
              ORDER BY next_try_at
              LIMIT ?
                FOR UPDATE SKIP LOCKED)
      RETURNING subject, txn, event, attempts
      """;

  private static final String TAKEN = "DELETE FROM event_outbox WHERE subject = ? AND txn = ?";

  private static final String RETRY =
      "UPDATE event_outbox SET next_try_at = ? WHERE subject = ? AND txn = ?";

  private final Database database;
  private final Emitter rule;
  private final URI issuer;
  private final InstantSource clock;
  private final Runnable announced;

  /// @param issuer the token service, in whose name space subjects are
  /// @param announced called after an event is durable, so that it is sent at once
  public PgBlockedCalls(
      Database database, Emitter rule, URI issuer, InstantSource clock, Runnable announced) {
    this.database = database;
    this.rule = rule;
    this.issuer = issuer;
    this.clock = clock;
    this.announced = announced;
  }

  @Override
  public void blocked(String subject, String jti) {
    Instant now = clock.instant();
    Instant since = now.minus(rule.within());
    boolean isTooMuch =
        database.transaction(connection -> {
          lock(connection, subject);
          update(connection, PURGE, since);
          update(connection, ADD, subject, jti, now);
          if (count(connection, subject, since) < rule.calls()) {
            return false;
          }
          update(connection, FORGET, subject);
          update(connection, ANNOUNCE, subject, jti, event(subject, jti, now), now);
          return true;
        });
    if (isTooMuch) {
      announced.run();
    }
  }

  private String event(String subject, String jti, Instant now) {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id")
        .put("format", "iss_sub")
        .put("iss", issuer.toString())
        .put("sub", subject);
    body.put("txn", jti);
    ObjectNode event = body.putObject("events").putObject(TYPE);
    event.put("event_timestamp", now.getEpochSecond());
    event.put("initiating_entity", "policy");
    event
        .putObject("reason_admin")
        .put("en", rule.calls() + " blocked calls within " + rule.within());
    event
        .putObject("reason_user")
        .put("en", "Your sessions were ended for your safety. Please sign in again.");
    return StrictJson.write(body);
  }

  @Override
  public List<Due> claim(Instant now, Instant until, int limit) {
    return database.transaction(connection -> {
      var due = new ArrayList<Due>();
      try (var statement = connection.prepareStatement(CLAIM)) {
        statement.setObject(1, utc(until));
        statement.setObject(2, utc(now));
        statement.setInt(3, limit);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            due.add(
                new Due(
                    rows.getString("subject"),
                    rows.getString("txn"),
                    rows.getString("event"),
                    rows.getInt("attempts") - 1));
          }
        }
      }
      return due;
    });
  }

  @Override
  public void taken(Due event) {
    database.query(connection -> update(connection, TAKEN, event.subject(), event.txn()));
  }

  @Override
  public void retry(Due event, Instant at) {
    database.query(connection -> update(connection, RETRY, at, event.subject(), event.txn()));
  }

  private static void lock(Connection connection, String subject) throws SQLException {
    try (var statement = connection.prepareStatement(LOCK)) {
      statement.setString(1, subject);
      statement.execute();
    }
  }

  private static int count(Connection connection, String subject, Instant since)
      throws SQLException {
    try (var statement = connection.prepareStatement(COUNT)) {
      statement.setString(1, subject);
      statement.setObject(2, utc(since));
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getInt(1) : 0;
      }
    }
  }

  private static int update(Connection connection, String sql, Object... values)
      throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i] instanceof Instant at ? utc(at) : values[i]);
      }
      return statement.executeUpdate();
    }
  }

  private static OffsetDateTime utc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
