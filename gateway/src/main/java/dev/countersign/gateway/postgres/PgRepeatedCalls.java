package dev.countersign.gateway.postgres;

import dev.countersign.box.Database;
import dev.countersign.gateway.RepeatedCalls;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Begun calls in PostgreSQL. Threads and replicas may share it.
public final class PgRepeatedCalls implements RepeatedCalls {
  private static final Logger LOG = LoggerFactory.getLogger(PgRepeatedCalls.class);

  /// Longer than any lease and so than any statement: a call that is older has been broken off.
  private static final Duration LONGEST_CALL = Duration.ofMinutes(6);

  /// Takes the place of a call that is past, or of none.
  ///
  /// Parameters: 1 to 4 key, 5 jti, 6 now, 7 repeats until, 8 now.
  private static final String BEGIN =
      """
      INSERT INTO call (subject, client, tool, call_key, jti, started_at, repeats_until)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (subject, client, tool, call_key) DO UPDATE
         SET jti = excluded.jti,
             started_at = excluded.started_at,
             repeats_until = excluded.repeats_until,
             finished_at = NULL,
             outcome = NULL
       WHERE call.repeats_until <= ?
      """;

  /// Parameters: 1 to 4 key.
  private static final String FIND =
      """
      SELECT jti, started_at, finished_at, outcome
        FROM call
       WHERE subject = ? AND client = ? AND tool = ? AND call_key = ?
      """;

  /// Parameters: 1 now, 2 outcome or null, 3 to 6 key, 7 jti.
  private static final String FINISH =
      """
      UPDATE call
         SET finished_at = ?, outcome = ?
       WHERE subject = ? AND client = ? AND tool = ? AND call_key = ? AND jti = ?
      """;

  /// Parameters: 1 to 4 key, 5 jti.
  private static final String FORGET =
      """
      DELETE FROM call
       WHERE subject = ? AND client = ? AND tool = ? AND call_key = ? AND jti = ?
      """;

  /// What nobody can repeat any more, some of it with each new call. Parameters: 1 now.
  private static final String PURGE =
      """
      DELETE FROM call
       WHERE (subject, client, tool, call_key) IN (
             SELECT subject, client, tool, call_key
               FROM call
              WHERE repeats_until <= ?
              ORDER BY repeats_until
              LIMIT 20
                FOR UPDATE SKIP LOCKED)
      """;

  private final Database database;
  private final InstantSource clock;

  public PgRepeatedCalls(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public Beginning begin(Key key, String jti, Duration within) {
    return database.transaction(connection -> {
      Instant now = clock.instant();
      if (isFirst(connection, key, jti, now, now.plus(within))) {
        purge(connection, now);
        return new Beginning.First();
      }
      return before(connection, key, now);
    });
  }

  private static boolean isFirst(
      Connection connection, Key key, String jti, Instant now, Instant repeatsUntil)
      throws SQLException {
    try (PreparedStatement begin = connection.prepareStatement(BEGIN)) {
      int at = bind(begin, 1, key);
      begin.setString(at, jti);
      begin.setObject(at + 1, utc(now));
      begin.setObject(at + 2, utc(repeatsUntil));
      begin.setObject(at + 3, utc(now));
      return begin.executeUpdate() == 1;
    }
  }

  private static Beginning before(Connection connection, Key key, Instant now) throws SQLException {
    try (PreparedStatement find = connection.prepareStatement(FIND)) {
      bind(find, 1, key);
      try (ResultSet row = find.executeQuery()) {
        if (!row.next()) {
          // Forgotten between the two statements: the caller may just try again.
          return new Beginning.Running("");
        }
        String jti = row.getString("jti");
        String outcome = row.getString("outcome");
        if (outcome != null) {
          return new Beginning.Repeat(jti, StrictJson.parseObject(outcome));
        }
        Instant started = row.getObject("started_at", OffsetDateTime.class).toInstant();
        boolean isOver =
            row.getObject("finished_at") != null || !now.isBefore(started.plus(LONGEST_CALL));
        return isOver ? new Beginning.Unknown(jti) : new Beginning.Running(jti);
      }
    }
  }

  private static void purge(Connection connection, Instant now) throws SQLException {
    try (PreparedStatement purge = connection.prepareStatement(PURGE)) {
      purge.setObject(1, utc(now));
      purge.executeUpdate();
    }
  }

  @Override
  public void finish(Key key, String jti, ObjectNode outcome) {
    end(key, jti, StrictJson.write(outcome));
  }

  @Override
  public void lose(Key key, String jti) {
    end(key, jti, null);
  }

  private void end(Key key, String jti, @Nullable String outcome) {
    tolerantly(() ->
        database.query(connection -> {
          try (PreparedStatement finish = connection.prepareStatement(FINISH)) {
            finish.setObject(1, utc(clock.instant()));
            finish.setString(2, outcome);
            finish.setString(bind(finish, 3, key), jti);
            return finish.executeUpdate();
          }
        }));
  }

  @Override
  public void forget(Key key, String jti) {
    tolerantly(() ->
        database.query(connection -> {
          try (PreparedStatement forget = connection.prepareStatement(FORGET)) {
            forget.setString(bind(forget, 1, key), jti);
            return forget.executeUpdate();
          }
        }));
  }

  // The call has had its outcome. What is not noted here is told as unknown to a repeat.
  private static void tolerantly(Runnable note) {
    try {
      note.run();
    } catch (UnavailableException away) {
      LOG.warn("the end of a call could not be noted; its repeat is told that it is unknown");
    }
  }

  private static int bind(PreparedStatement statement, int from, Key key) throws SQLException {
    statement.setString(from, key.subject());
    statement.setString(from + 1, key.client());
    statement.setString(from + 2, key.tool());
    statement.setString(from + 3, key.arguments());
    return from + 4;
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
