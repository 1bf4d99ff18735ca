package dev.countersign.server.demo;

import dev.countersign.box.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Holds a lock on the table of cases, so that a call that reads them runs until somebody ends it.
final class LockedCases implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /// Who waits for the lock, by the name of the login.
  private static final String WAITING =
      """
      SELECT usename FROM pg_stat_activity
       WHERE datname = 'refunds' AND wait_event_type = 'Lock' AND query LIKE '%cases%'
      """;

  /// Parameters: 1 a login.
  private static final String EXISTS = "SELECT rolname FROM pg_roles WHERE rolname = ?";

  private final Connection holder;
  private final Connection looking;

  LockedCases(DatabaseSettings superuser) throws SQLException {
    DatabaseSettings settings = superuser.database("refunds");
    holder = connect(settings);
    looking = connect(settings);
    holder.setAutoCommit(false);
    try (var lock = holder.createStatement()) {
      lock.execute("LOCK TABLE refunds.cases IN ACCESS EXCLUSIVE MODE");
    }
  }

  private static Connection connect(DatabaseSettings settings) throws SQLException {
    return DriverManager.getConnection(
        settings.url(), settings.user(), settings.password().reveal());
  }

  /// Waits until a call's statement runs; returns the login that it runs under.
  String awaitLogin() throws SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      Optional<String> login = one(WAITING, "");
      if (login.isPresent()) {
        return login.get();
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    throw new AssertionError("no call waits for the lock");
  }

  /// Whether the login ends while the lock is still held.
  boolean ends(String login) throws SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      if (one(EXISTS, login).isEmpty() && one(WAITING, "").isEmpty()) {
        return true;
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    return false;
  }

  private Optional<String> one(String sql, String parameter) throws SQLException {
    try (PreparedStatement select = looking.prepareStatement(sql)) {
      if (!parameter.isEmpty()) {
        select.setString(1, parameter);
      }
      try (ResultSet found = select.executeQuery()) {
        return found.next() ? Optional.of(found.getString(1)) : Optional.empty();
      }
    }
  }

  @Override
  public void close() throws SQLException {
    holder.close();
    looking.close();
  }
}
