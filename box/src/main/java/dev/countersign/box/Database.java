package dev.countersign.box;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

/// A pool of connections to one database as one user. Threads may share it.
public final class Database implements AutoCloseable {
  private static final int ATTEMPTS = 4;
  private static final int MAX_PAUSE_MILLIS = 40;
  private static final int VALIDATION_SECONDS = 1;
  private static final Set<String> CONFLICTS = Set.of("40001", "40P01");

  private final HikariDataSource pool;

  private Database(HikariDataSource pool) {
    this.pool = pool;
  }

  /// Opens a pool with the usual time limits. Does not wait for the database: one that is away
  /// shows in [#isUp] and as [DatabaseAway].
  ///
  /// @param name shown in the database's list of sessions and in thread names
  public static Database open(String name, DatabaseSettings settings, int maxConnections) {
    return open(name, settings, Limits.of(maxConnections));
  }

  /// Opens a pool.
  public static Database open(String name, DatabaseSettings settings, Limits limits) {
    var config = new HikariConfig();
    config.setPoolName(name);
    config.setJdbcUrl(settings.url());
    config.setUsername(settings.user());
    config.setPassword(settings.password().reveal());
    config.setMaximumPoolSize(limits.maxConnections());
    config.setMinimumIdle(Math.min(1, limits.maxConnections()));
    config.setConnectionTimeout(limits.connect().toMillis());
    config.setValidationTimeout(Math.min(1_000, limits.connect().toMillis()));
    config.setInitializationFailTimeout(-1);
    config.setMaxLifetime(Duration.ofMinutes(15).toMillis());
    if (limits.maxConnections() > 1) {
      config.setIdleTimeout(Duration.ofMinutes(2).toMillis());
    }
    config.setKeepaliveTime(Duration.ofMinutes(1).toMillis());
    config.setConnectionInitSql("SET statement_timeout = " + limits.statement().toMillis());
    config.addDataSourceProperty("ApplicationName", name);
    config.addDataSourceProperty("tcpKeepAlive", "true");
    config.addDataSourceProperty("connectTimeout", seconds(limits.connect()));
    config.addDataSourceProperty("loginTimeout", seconds(limits.connect()));
    config.addDataSourceProperty("socketTimeout", seconds(limits.statement().plusSeconds(5)));
    // The detail of a refusal holds the row's values, which may be tokens or personal data.
    config.addDataSourceProperty("logServerErrorDetail", "false");
    return new Database(new HikariDataSource(config));
  }

  private static String seconds(Duration duration) {
    return Long.toString(Math.max(1, duration.toSeconds()));
  }

  /// Runs work in one transaction, READ COMMITTED. It commits when `work` returns and rolls back
  /// when it throws. Work that loses against a parallel transaction (deadlock, serialization) is
  /// run again, up to three times: it must have no effect outside the database.
  ///
  /// @throws DatabaseAway if the database is away
  /// @throws DatabaseFault if it refuses a statement
  public <T> T transaction(Work<T> work) {
    for (int attempt = 1; ; attempt++) {
      try {
        return once(work);
      } catch (SQLException failed) {
        if (attempt == ATTEMPTS || !CONFLICTS.contains(String.valueOf(failed.getSQLState()))) {
          throw unchecked(failed);
        }
        pause(failed);
      }
    }
  }

  private <T> T once(Work<T> work) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      boolean done = false;
      try {
        T result = work.run(connection);
        connection.commit();
        done = true;
        return result;
      } finally {
        if (!done) {
          rollBack(connection);
        }
      }
    }
  }

  private static void rollBack(Connection connection) {
    try {
      connection.rollback();
    } catch (SQLException gone) {
      // The server rolls back a transaction whose connection it lost; the first failure is told.
    }
  }

  private static void pause(SQLException failed) {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextInt(1, MAX_PAUSE_MILLIS));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw unchecked(failed);
    }
  }

  /// Runs work where each statement is its own transaction.
  ///
  /// @throws DatabaseAway if the database is away
  /// @throws DatabaseFault if it refuses a statement
  public <T> T query(Work<T> work) {
    try (Connection connection = pool.getConnection()) {
      return work.run(connection);
    } catch (SQLException failed) {
      throw unchecked(failed);
    }
  }

  public DataSource dataSource() {
    return pool;
  }

  /// Whether a connection can be had and answers.
  public boolean isUp() {
    try (Connection connection = pool.getConnection()) {
      return connection.isValid(VALIDATION_SECONDS);
    } catch (SQLException away) {
      return false;
    }
  }

  @Override
  public void close() {
    pool.close();
  }

  /// One connection outside any pool, for administration; the caller closes it.
  public static Connection connect(DatabaseSettings settings) throws SQLException {
    var properties = new Properties();
    properties.setProperty("user", settings.user());
    properties.setProperty("password", settings.password().reveal());
    properties.setProperty("connectTimeout", "3");
    properties.setProperty("loginTimeout", "5");
    properties.setProperty("ApplicationName", "countersign");
    properties.setProperty("logServerErrorDetail", "false");
    return DriverManager.getConnection(settings.url(), properties);
  }

  /// Names an SQL failure in our words, for code that holds a connection of its own.
  public static RuntimeException unchecked(SQLException failed) {
    String state = String.valueOf(failed.getSQLState());
    boolean away =
        failed instanceof SQLTransientConnectionException
            || state.startsWith("08") // connection
            || state.startsWith("57P0") // shut down, starting
            || state.startsWith("53"); // connections, memory or disk used up
    return away ? new DatabaseAway("the database is away", failed) : new DatabaseFault(failed);
  }

  /// What may use the connection, and no longer than it runs.
  ///
  /// @param <T> the result
  @FunctionalInterface
  public interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /// How much a pool may take.
  ///
  /// @param connect for getting a connection, new or from the pool; at least 250 ms
  /// @param statement for one statement
  public record Limits(int maxConnections, Duration connect, Duration statement) {
    public Limits {
      if (maxConnections < 1 || maxConnections > 1_000) {
        throw new IllegalArgumentException("`maxConnections` must be between 1 and 1000");
      }
    }

    /// Three seconds for a connection, fifteen for a statement.
    public static Limits of(int maxConnections) {
      return new Limits(maxConnections, Duration.ofSeconds(3), Duration.ofSeconds(15));
    }
  }
}
