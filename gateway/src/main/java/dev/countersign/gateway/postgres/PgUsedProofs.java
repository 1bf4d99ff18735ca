package dev.countersign.gateway.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.ReplayGuard;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/// The proofs of possession that were used, for all replicas. Threads may share it.
public final class PgUsedProofs implements ReplayGuard {
  /// Parameters: 1 issuer, 2 id, 3 expires.
  private static final String USE =
      """
      INSERT INTO used_proof (issuer, id, expires_at)
      VALUES (?, ?, ?)
      ON CONFLICT DO NOTHING
      """;

  private static final String FORGET = "DELETE FROM used_proof WHERE expires_at < ?";

  /// How many uses lie between two times of forgetting.
  private static final int TOGETHER = 256;

  private final Database database;
  private final InstantSource clock;
  private final AtomicLong uses = new AtomicLong();

  public PgUsedProofs(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public boolean isFirstUse(String issuer, String id, Instant expiresAt) {
    boolean forgets = uses.incrementAndGet() % TOGETHER == 0;
    return database.query(connection -> {
      if (forgets) {
        forget(connection);
      }
      try (var statement = connection.prepareStatement(USE)) {
        statement.setString(1, issuer);
        statement.setString(2, id);
        statement.setObject(3, expiresAt.atOffset(ZoneOffset.UTC));
        return statement.executeUpdate() == 1;
      }
    });
  }

  private void forget(Connection connection) throws SQLException {
    try (var statement = connection.prepareStatement(FORGET)) {
      statement.setObject(1, clock.instant().atOffset(ZoneOffset.UTC));
      statement.executeUpdate();
    }
  }
}
