package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.ReplayGuard;
import java.time.Instant;
import java.time.ZoneOffset;

/// The presenters' assertions that were used, for all replicas.
public final class PgReplayGuard implements ReplayGuard {
  /// Parameters: 1 issuer, 2 id, 3 expires.
  private static final String USE =
      """
      INSERT INTO used_assertion (issuer, id, expires_at)
      VALUES (?, ?, ?)
      ON CONFLICT (issuer, id) DO NOTHING
      """;

  private final Database database;

  public PgReplayGuard(Database database) {
    this.database = database;
  }

  @Override
  public boolean isFirstUse(String issuer, String id, Instant expiresAt) {
    return database.query(connection -> {
      try (var statement = connection.prepareStatement(USE)) {
        statement.setString(1, issuer);
        statement.setString(2, id);
        statement.setObject(3, expiresAt.atOffset(ZoneOffset.UTC));
        return statement.executeUpdate() == 1;
      }
    });
  }
}
