package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.broker.vault.WrappedAnswers;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/// Wrapped answers in the broker's schema.
public final class PgWrappedAnswers implements WrappedAnswers {
  /// Parameters: 1 digest, 2 sealed, 3 path, 4 created, 5 expires.
  private static final String INSERT =
      """
      INSERT INTO wrapped_answer (digest, sealed, path, created_at, expires_at)
      VALUES (?, ?, ?, ?, ?)
      """;

  /// Parameters: 1 digest.
  private static final String HOLD =
      """
      SELECT sealed, path, created_at, expires_at, taken_at IS NOT NULL AS taken
        FROM wrapped_answer
       WHERE digest = ?
         FOR UPDATE
      """;

  /// Parameters: 1 now, 2 digest.
  private static final String TAKE =
      "UPDATE wrapped_answer SET taken_at = ?, sealed = '' WHERE digest = ?";

  /// Parameters: 1 digest, 2 now.
  private static final String FIND =
      """
      SELECT sealed, path, created_at, expires_at
        FROM wrapped_answer
       WHERE digest = ? AND taken_at IS NULL AND expires_at > ?
      """;

  private static final String FORGET = "DELETE FROM wrapped_answer WHERE expires_at < ?";

  private final Database database;

  public PgWrappedAnswers(Database database) {
    this.database = database;
  }

  @Override
  public void add(String digest, Kept kept) {
    database.query(connection -> {
      try (var insert = connection.prepareStatement(INSERT)) {
        insert.setString(1, digest);
        insert.setString(2, kept.sealed());
        insert.setString(3, kept.path());
        insert.setObject(4, utc(kept.createdAt()));
        insert.setObject(5, utc(kept.expiresAt()));
        return insert.executeUpdate();
      }
    });
  }

  @Override
  public Taken take(String digest, Instant now) {
    return database.transaction(connection -> {
      Kept kept;
      try (var hold = connection.prepareStatement(HOLD)) {
        hold.setString(1, digest);
        try (var rows = hold.executeQuery()) {
          if (!rows.next()) {
            return new Taken.Nothing();
          }
          if (rows.getBoolean("taken")) {
            return new Taken.Again(rows.getString("path"));
          }
          kept = kept(rows);
        }
      }
      if (!now.isBefore(kept.expiresAt())) {
        return new Taken.Nothing();
      }
      try (var take = connection.prepareStatement(TAKE)) {
        take.setObject(1, utc(now));
        take.setString(2, digest);
        take.executeUpdate();
      }
      return new Taken.First(kept);
    });
  }

  @Override
  public Optional<Kept> find(String digest, Instant now) {
    return database.query(connection -> {
      try (var find = connection.prepareStatement(FIND)) {
        find.setString(1, digest);
        find.setObject(2, utc(now));
        try (var rows = find.executeQuery()) {
          return rows.next() ? Optional.of(kept(rows)) : Optional.<Kept>empty();
        }
      }
    });
  }

  @Override
  public void forget(Instant before) {
    database.query(connection -> {
      try (var forget = connection.prepareStatement(FORGET)) {
        forget.setObject(1, utc(before));
        return forget.executeUpdate();
      }
    });
  }

  private static Kept kept(ResultSet rows) throws SQLException {
    return new Kept(
        rows.getString("sealed"),
        rows.getString("path"),
        rows.getObject("created_at", OffsetDateTime.class).toInstant(),
        rows.getObject("expires_at", OffsetDateTime.class).toInstant());
  }

  private static OffsetDateTime utc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
