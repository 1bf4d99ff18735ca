package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
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

  private static final String FORGET = "DELETE FROM revoked_token WHERE expires_at < ?";

  private final Database database;

  public PgRevokedTokens(Database database) {
    this.database = database;
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
    database.query(connection -> Sql.update(connection, REVOKE, jti, now, expiresAt));
  }

  /// Forgets tokens that are dead anyway.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now));
  }
}
