package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.ReplayGuard;
import java.time.Instant;

/// Used assertions, for all replicas. Threads may share it.
public final class PgReplays implements ReplayGuard {
  private static final String NOTE =
      """
      INSERT INTO used_assertion (issuer, id, expires_at)
      VALUES (?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String FORGET = "DELETE FROM used_assertion WHERE expires_at < ?";

  private final Database database;

  public PgReplays(Database database) {
    this.database = database;
  }

  @Override
  public boolean isFirstUse(String issuer, String id, Instant expiresAt) {
    return database.query(connection -> Sql.update(connection, NOTE, issuer, id, expiresAt) == 1);
  }

  /// Forgets what has expired.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now));
  }
}
