package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.PolicyStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// Policies, with the news of a change by LISTEN and NOTIFY. Only one thread may wait; all may read
/// and write.
public final class PgPolicies implements PolicyStore, AutoCloseable {
  private static final String IN_FORCE =
      """
      SELECT version, document, activated_at
        FROM policy_in_force
        JOIN policy_version USING (version)
      """;

  private static final String KEEP =
      """
      INSERT INTO policy_version (version, document, first_used_at)
      VALUES (?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String ACTIVATE =
      """
      INSERT INTO policy_in_force (version, activated_at)
      VALUES (?, ?)
          ON CONFLICT (only_row)
          DO UPDATE SET version = excluded.version, activated_at = excluded.activated_at
      """;

  private static final String NEWS = "SELECT pg_notify(current_schema() || '_policy', ?)";

  private static final String CHANNEL = "SELECT quote_ident(current_schema() || '_policy')";

  private final Database database;
  private @Nullable Connection listening;

  public PgPolicies(Database database) {
    this.database = database;
  }

  @Override
  public Optional<InForce> inForce() {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, IN_FORCE);
          ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new InForce(
                    row.getString("version"),
                    row.getString("document"),
                    Sql.instant(row, "activated_at")))
            : Optional.<InForce>empty();
      }
    });
  }

  /// The document of one version.
  ///
  /// @param schema the token service's
  public static Optional<String> document(Database database, String schema, String version) {
    String read = "SELECT document FROM " + schema + ".policy_version WHERE version = ?";
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, read, version);
          ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(row.getString(1)) : Optional.<String>empty();
      }
    });
  }

  @Override
  public void activate(String version, String document, Instant now) {
    database.transaction(connection -> {
      Sql.update(connection, KEEP, version, document, now);
      Sql.update(connection, ACTIVATE, version, now);
      try (var statement = Sql.bind(connection, NEWS, version);
          ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    });
  }

  @Override
  public boolean await(Duration longest) throws InterruptedException {
    try {
      Connection connection = listening;
      if (connection == null) {
        listening = listen();
        return true; // news may have come while nobody listened
      }
      PGNotification @Nullable [] news =
          connection.unwrap(PGConnection.class).getNotifications((int) longest.toMillis());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return news != null && news.length > 0;
    } catch (SQLException away) {
      close();
      Thread.sleep(longest);
      return false;
    }
  }

  private Connection listen() throws SQLException {
    Connection connection = database.dataSource().getConnection();
    boolean done = false;
    try (var statement = connection.createStatement()) {
      String channel;
      try (ResultSet row = statement.executeQuery(CHANNEL)) {
        row.next();
        channel = row.getString(1);
      }
      statement.execute("LISTEN " + channel);
      done = true;
      return connection;
    } finally {
      if (!done) {
        connection.close();
      }
    }
  }

  @Override
  public void close() {
    Connection connection = listening;
    listening = null;
    if (connection != null) {
      try {
        connection.abort(Runnable::run); // back in the pool it would still listen
        connection.close();
      } catch (SQLException gone) {
        // The server forgets a listener whose connection it lost.
      }
    }
  }
}
