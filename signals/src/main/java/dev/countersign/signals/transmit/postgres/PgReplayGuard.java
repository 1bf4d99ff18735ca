package dev.countersign.signals.transmit.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.ReplayGuard;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/// Remembers used presenter assertions in PostgreSQL. Threads may share it.
public final class PgReplayGuard implements ReplayGuard {
  private static final String USE =
      """
      INSERT INTO used_assertion (issuer, id, expires_at)
      VALUES (?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String FORGET =
      """
      DELETE FROM used_assertion
       WHERE expires_at < ?
      """;

  private static final long FORGET_EVERY = 500;

  private final Database database;
  private final InstantSource clock;
  private final AtomicLong uses = new AtomicLong();

  public PgReplayGuard(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public boolean isFirstUse(String issuer, String id, Instant expiresAt) {
    return database.query(connection -> {
      if (uses.incrementAndGet() % FORGET_EVERY == 0) {
        forget(connection);
      }
      try (PreparedStatement statement = connection.prepareStatement(USE)) {
        statement.setString(1, issuer);
        statement.setString(2, id);
        statement.setObject(3, expiresAt.atOffset(ZoneOffset.UTC));
        return statement.executeUpdate() == 1;
      }
    });
  }

  private void forget(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FORGET)) {
      statement.setObject(1, clock.instant().atOffset(ZoneOffset.UTC));
      statement.executeUpdate();
    }
  }
}
