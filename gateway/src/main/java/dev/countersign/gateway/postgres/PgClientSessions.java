package dev.countersign.gateway.postgres;

import dev.countersign.box.Database;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.mcp.ClientSessions;
import dev.countersign.gateway.mcp.Way;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/// Sessions in PostgreSQL: a restart keeps them, and any replica serves them. Threads and replicas
/// may share it.
public final class PgClientSessions implements ClientSessions {
  private static final Duration IDLE = Duration.ofHours(1);
  private static final Duration LONGEST = Duration.ofHours(12);
  private static final int MOST_PER_PERSON = 64;

  /// Parameters: 1 digest, 2 subject, 3 client, 4 way, 5 now, 6 its end.
  private static final String OPEN =
      """
      INSERT INTO mcp_session (id_digest, subject, client, way, used_at, ends_at)
      VALUES (?, ?, ?, ?, ?, ?)
      """;

  /// Of too many the ones that were not used for longest. Parameters: 1 subject, 2 the most.
  private static final String LIMIT =
      """
      DELETE FROM mcp_session
       WHERE id_digest IN (
             SELECT id_digest FROM mcp_session WHERE subject = ? ORDER BY used_at DESC OFFSET ?)
      """;

  /// Parameters: 1 since when it was not used.
  private static final String PURGE =
      """
      DELETE FROM mcp_session
       WHERE id_digest IN (
             SELECT id_digest
               FROM mcp_session
              WHERE used_at <= ?
              ORDER BY used_at
              LIMIT 20
                FOR UPDATE SKIP LOCKED)
      """;

  /// Parameters: 1 now, 2 digest, 3 subject, 4 client, 5 since when it may not be unused, 6 now.
  private static final String FIND =
      """
         UPDATE mcp_session
            SET used_at = ?
          WHERE id_digest = ? AND subject = ? AND client = ? AND used_at > ? AND ends_at > ?
      RETURNING way, log_level
      """;

  /// Parameters: 1 digest, 2 subject, 3 client.
  private static final String END =
      """
      DELETE FROM mcp_session WHERE id_digest = ? AND subject = ? AND client = ?
      """;

  /// Parameters: 1 level, 2 digest.
  private static final String LOG =
      """
      UPDATE mcp_session SET log_level = ? WHERE id_digest = ?
      """;

  /// Parameters: 1 question, 2 digest.
  private static final String DECLINE =
      """
      UPDATE mcp_session SET declined = ? WHERE id_digest = ?
      """;

  /// Parameters: 1 digest, 2 question.
  private static final String IS_DECLINED =
      """
      SELECT 1 FROM mcp_session WHERE id_digest = ? AND declined = ?
      """;

  private final Database database;
  private final InstantSource clock;

  public PgClientSessions(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public String open(Caller caller, Way way) {
    String id = Ids.random();
    Instant now = clock.instant();
    return database.transaction(connection -> {
      try (PreparedStatement open = connection.prepareStatement(OPEN)) {
        open.setString(1, Digest.sha256(id));
        open.setString(2, caller.subject());
        open.setString(3, caller.client());
        open.setString(4, way.name());
        open.setObject(5, utc(now));
        open.setObject(6, utc(now.plus(LONGEST)));
        open.executeUpdate();
      }
      try (PreparedStatement limit = connection.prepareStatement(LIMIT)) {
        limit.setString(1, caller.subject());
        limit.setInt(2, MOST_PER_PERSON);
        limit.executeUpdate();
      }
      try (PreparedStatement purge = connection.prepareStatement(PURGE)) {
        purge.setObject(1, utc(now.minus(IDLE)));
        purge.executeUpdate();
      }
      return id;
    });
  }

  @Override
  public Optional<ClientSession> find(String id, Caller caller) {
    Instant now = clock.instant();
    String digest = Digest.sha256(id);
    return database.query(connection -> {
      try (PreparedStatement find = connection.prepareStatement(FIND)) {
        find.setObject(1, utc(now));
        find.setString(2, digest);
        find.setString(3, caller.subject());
        find.setString(4, caller.client());
        find.setObject(5, utc(now.minus(IDLE)));
        find.setObject(6, utc(now));
        try (ResultSet row = find.executeQuery()) {
          return row.next()
              ? Optional.of(
                  new ClientSession(
                      digest,
                      Way.valueOf(row.getString("way")),
                      Optional.ofNullable(row.getString("log_level"))))
              : Optional.empty();
        }
      }
    });
  }

  @Override
  public boolean end(String id, Caller caller) {
    return database.query(connection -> {
      try (PreparedStatement end = connection.prepareStatement(END)) {
        end.setString(1, Digest.sha256(id));
        end.setString(2, caller.subject());
        end.setString(3, caller.client());
        return end.executeUpdate() == 1;
      }
    });
  }

  @Override
  public void log(ClientSession session, String level) {
    set(LOG, level, session);
  }

  @Override
  public void decline(ClientSession session, String question) {
    set(DECLINE, question, session);
  }

  private void set(String sql, String value, ClientSession session) {
    database.query(connection -> update(connection, sql, value, session));
  }

  private static int update(Connection connection, String sql, String value, ClientSession session)
      throws SQLException {
    try (PreparedStatement update = connection.prepareStatement(sql)) {
      update.setString(1, value);
      update.setString(2, session.digest());
      return update.executeUpdate();
    }
  }

  @Override
  public boolean isDeclined(ClientSession session, String question) {
    return database.query(connection -> {
      try (PreparedStatement look = connection.prepareStatement(IS_DECLINED)) {
        look.setString(1, session.digest());
        look.setString(2, question);
        try (ResultSet row = look.executeQuery()) {
          return row.next();
        }
      }
    });
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
