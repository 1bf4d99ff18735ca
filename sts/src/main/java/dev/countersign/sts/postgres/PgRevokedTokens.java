package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.EventOutbox;
import dev.countersign.sts.RevokedTokens;
import java.sql.ResultSet;
import java.time.Instant;

/// Revoked tokens. Threads may share it.
public final class PgRevokedTokens implements RevokedTokens {
  private static final String READ = "SELECT 1 FROM revoked_token WHERE jti = ?";

  private static final String REVOKE =
      """
      INSERT INTO revoked_token (jti, revoked_at, expires_at)
      VALUES (?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  /// Parameters: 1 subject, 2 jti, 3 kind, 4 what the broker is sent, 5 and 6 now.
  private static final String TELL =
      """
      INSERT INTO event_outbox (subject, txn, target, kind, event, created_at, next_try_at)
      VALUES (?, ?, 'broker', ?, ?::jsonb, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String FORGET = "DELETE FROM revoked_token WHERE expires_at < ?";

  private final Database database;

  private final boolean hasBroker;
  private final Runnable announced;

  /// @param hasBroker whether there is a broker to be told
  /// @param announced called after a revocation is durable, so that the broker is told at once
  public PgRevokedTokens(Database database, boolean hasBroker, Runnable announced) {
    this.database = database;
    this.hasBroker = hasBroker;
    this.announced = announced;
  }

  @Override
  public boolean isRevoked(String jti) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, READ, jti);
          ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    });
  }

  @Override
  public void revoke(String jti, Instant now, Instant expiresAt) {
    database.transaction(connection -> {
      Sql.update(connection, REVOKE, jti, now, expiresAt);
      if (hasBroker) {
        Sql.update(
            connection,
            TELL,
            "token " + jti,
            jti,
            EventOutbox.TOKEN_REVOKED,
            StrictJson.write(StrictJson.object().put("jti", jti).put("txn", jti)),
            now,
            now);
      }
      return jti;
    });
    announced.run();
  }

  /// Forgets tokens that are dead anyway.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now));
  }
}
