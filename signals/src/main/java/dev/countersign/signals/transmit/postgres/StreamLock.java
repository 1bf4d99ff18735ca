package dev.countersign.signals.transmit.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/// Keeps a new stream and a new event from missing each other: without it, each could look for the
/// other before either is committed, and the event would go to nobody.
final class StreamLock {
  private static final String SHARED = "SELECT pg_advisory_xact_lock_shared(?, ?)";
  private static final String ALONE = "SELECT pg_advisory_xact_lock(?, ?)";
  private static final int SPACE = 0x53534631; // SSF1, to meet nobody else's locks
  private static final int STREAMS = 1;

  private StreamLock() {}

  /// For an event; any number at a time, until the transaction ends.
  static void forEvent(Connection connection) throws SQLException {
    lock(connection, SHARED);
  }

  /// For a stream; alone, until the transaction ends.
  static void forStream(Connection connection) throws SQLException {
    lock(connection, ALONE);
  }

  private static void lock(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, SPACE);
      statement.setInt(2, STREAMS);
      statement.execute();
    }
  }
}
