package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.Gate;
import dev.countersign.sts.Kill;
import dev.countersign.sts.SessionRevoked;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.RiskRaised;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Who is locked out. Threads may share it.
public final class PgGate implements Gate {
  private static final String READ =
      "SELECT closed_at FROM person WHERE subject = ? AND closed_at IS NOT NULL";

  // The receiver's order to end the sessions comes back with the same txn after our own kill. It
  // must
  // not move the time, or it would lock out a person who has signed in again meanwhile.
  private static final String CLOSE =
      """
      INSERT INTO person (subject, closed_at, closed_by_txn, closed_reason)
      VALUES (?, ?, ?, ?)
          ON CONFLICT (subject)
          DO UPDATE SET closed_at     = greatest(person.closed_at, excluded.closed_at),
                        closed_by_txn = excluded.closed_by_txn,
                        closed_reason = excluded.closed_reason,
                        refused_at    = NULL
                  WHERE person.closed_by_txn IS DISTINCT FROM excluded.closed_by_txn
      """;

  // The txn stays: the receiver may still be about to end the sessions of the same kill, and must
  // not lock the person out again.
  private static final String OPEN =
      """
      UPDATE person
         SET closed_at = NULL, closed_reason = NULL
       WHERE subject = ? AND closed_at IS NOT NULL
      """;

  private static final String CANCEL =
      """
      UPDATE approval
         SET answer = 'cancelled', answered_at = ?, open_key = NULL
       WHERE subject = ?
         AND consumed_at IS NULL
         AND (answer IS NULL OR answer = 'approved')
      """;

  /// What the person allowed others; in order, so that two kills never wait for each other.
  private static final String CANCEL_GIVEN =
      """
      UPDATE approval
         SET answer = 'cancelled', answered_at = ?, open_key = NULL
       WHERE id IN (SELECT id
                      FROM approval
                     WHERE answered_by = ?
                       AND answered_by <> subject
                       AND answer = 'approved'
                       AND consumed_at IS NULL
                     ORDER BY id
                       FOR UPDATE)
      """;

  private static final String ANNOUNCE =
      """
      INSERT INTO event_outbox (subject, txn, kind, event, created_at, next_try_at)
      VALUES (?, ?, ?, ?::jsonb, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  /// Locks the person's row, so that parallel calls are counted one after the other.
  private static final String LOCK =
      """
      INSERT INTO person (subject)
      VALUES (?)
          ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject
      """;

  private static final String BLOCKED =
      "INSERT INTO blocked_call (subject, jti, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";

  private static final String COUNT_BLOCKED =
      "SELECT count(*) FROM blocked_call WHERE subject = ? AND at > ?";

  private static final String FORGET_BLOCKED =
      "DELETE FROM blocked_call WHERE subject = ? AND (? OR at <= ?)";

  private static final String REFUSED =
      """
      UPDATE person
         SET refused_at = ?
       WHERE subject = ? AND closed_at IS NOT NULL AND refused_at IS NULL
      RETURNING closed_by_txn
      """;

  private final Database database;
  private final String issuer;
  private final Runnable announced;

  /// @param issuer our own, for the event
  /// @param announced called after an event is durable, so that it is sent at once
  public PgGate(Database database, String issuer, Runnable announced) {
    this.database = database;
    this.issuer = issuer;
    this.announced = announced;
  }

  @Override
  public Optional<Instant> closedAt(String subject) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, READ, subject);
          ResultSet rows = statement.executeQuery()) {
        return rows.next()
            ? Optional.of(Sql.instant(rows, "closed_at"))
            : Optional.<Instant>empty();
      }
    });
  }

  @Override
  public void close(Kill kill) {
    database.transaction(connection -> {
      close(connection, kill);
      return kill;
    });
    announced.run();
  }

  @Override
  public boolean closeIfBlockedTooOften(Kill kill, int most, Duration within) {
    Instant since = kill.at().minus(within);
    boolean closed =
        database.transaction(connection -> {
          Sql.update(connection, LOCK, kill.subject());
          Sql.update(connection, BLOCKED, kill.subject(), kill.txn(), kill.at());
          boolean isFull = blocked(connection, kill.subject(), since) >= most;
          Sql.update(connection, FORGET_BLOCKED, kill.subject(), isFull, since);
          if (isFull) {
            close(connection, kill);
          }
          return isFull;
        });
    if (closed) {
      announced.run();
    }
    return closed;
  }

  private static int blocked(Connection connection, String subject, Instant since)
      throws SQLException {
    try (var statement = Sql.bind(connection, COUNT_BLOCKED, subject, since);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? row.getInt(1) : 0;
    }
  }

  @Override
  public Optional<String> firstRefusal(String subject, Instant now) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, REFUSED, now, subject);
          ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.ofNullable(row.getString("closed_by_txn"))
            : Optional.<String>empty();
      }
    });
  }

  @Override
  public boolean open(String subject) {
    return database.query(connection -> Sql.update(connection, OPEN, subject) == 1);
  }

  /// Closes the gate as part of a transaction.
  void close(Connection connection, Kill kill) throws SQLException {
    Sql.update(connection, CLOSE, kill.subject(), kill.at(), kill.txn(), kill.reason());
    Sql.update(connection, CANCEL, kill.at(), kill.subject());
    Sql.update(connection, CANCEL_GIVEN, kill.at(), kill.subject());
    if (kill.announce() == Kill.Announce.TRANSMITTER) {
      Sql.update(
          connection,
          ANNOUNCE,
          kill.subject(),
          kill.txn(),
          SessionRevoked.KIND,
          StrictJson.write(SessionRevoked.of(issuer, kill)),
          kill.at(),
          kill.at());
    }
  }

  /// Warns the transmitter of a misused approval, once per approval however often it is tried.
  void warn(Approval approval, String reason, Instant at) {
    database.query(connection ->
        Sql.update(
            connection,
            ANNOUNCE,
            approval.person().key(),
            approval.jti(),
            RiskRaised.KIND,
            StrictJson.write(RiskRaised.of(issuer, approval, reason, at)),
            at,
            at));
    announced.run();
  }

  /// Tells that an event of a finished transaction is durable.
  void announced() {
    announced.run();
  }
}
