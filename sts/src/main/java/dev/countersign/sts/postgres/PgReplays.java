package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.Together;
import dev.countersign.protocol.ReplayGuard;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Used assertions, for all replicas. Those that come at the same moment are noted in one
/// statement. Threads may share it.
public final class PgReplays implements ReplayGuard {
  private static final int MOST_AT_ONCE = 64;

  /// Parameters: 1 issuers, 2 ids, 3 when each can be forgotten.
  private static final String NOTE =
      """
      INSERT INTO used_assertion (issuer, id, expires_at)
      SELECT * FROM unnest(?::text[], ?::text[], ?::timestamptz[])
          ON CONFLICT DO NOTHING
      RETURNING issuer, id
      """;

  private static final String FORGET = "DELETE FROM used_assertion WHERE expires_at < ?";

  private final Database database;
  private final Together<Use, Boolean> uses = new Together<>(MOST_AT_ONCE, this::note);

  public PgReplays(Database database) {
    this.database = database;
  }

  @Override
  public boolean isFirstUse(String issuer, String id, Instant expiresAt) {
    return uses.ask(new Use(new Key(issuer, id), expiresAt));
  }

  private List<Boolean> note(List<Use> together) {
    // In one order at every replica, so that two statements cannot wait for each other.
    List<Use> ordered =
        together.stream()
            .sorted(
                Comparator.comparing((Use use) -> use.key.issuer).thenComparing(use -> use.key.id))
            .toList();
    Set<Key> noted = database.query(connection -> note(connection, ordered));
    // Of two equal ones the first that asks takes it.
    return together.stream().map(use -> noted.remove(use.key)).toList();
  }

  private static Set<Key> note(Connection connection, List<Use> uses) throws SQLException {
    try (var statement =
            Sql.bind(
                connection,
                NOTE,
                connection.createArrayOf(
                    "text", uses.stream().map(use -> use.key.issuer).toArray()),
                connection.createArrayOf("text", uses.stream().map(use -> use.key.id).toArray()),
                connection.createArrayOf(
                    "timestamptz",
                    uses.stream().map(use -> use.expiresAt.atOffset(ZoneOffset.UTC)).toArray()));
        ResultSet rows = statement.executeQuery()) {
      var noted = new HashSet<Key>();
      while (rows.next()) {
        noted.add(new Key(rows.getString(1), rows.getString(2)));
      }
      return noted;
    }
  }

  /// Forgets what has expired.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now));
  }

  private record Key(String issuer, String id) {}

  private record Use(Key key, Instant expiresAt) {}
}
