package dev.countersign.gateway.postgres;

import dev.countersign.gateway.StatementResult.Cause;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/// What PostgreSQL's error codes mean for a call. The server's own words never leave this package:
/// they may hold values.
final class SqlFailures {
  private static final String QUERY_CANCELED = "57014";
  private static final String READ_ONLY_TRANSACTION = "25006";
  private static final String INSUFFICIENT_PRIVILEGE = "42501";
  private static final String WRONG_LOGIN = "28";
  private static final String CONNECTION = "08";
  private static final String SHUTDOWN = "57P";

  private SqlFailures() {}

  static String state(SQLException failed) {
    @Nullable String state = failed.getSQLState();
    return state == null ? "" : state;
  }

  static boolean isConnection(SQLException failed) {
    String state = state(failed);
    return state.isEmpty() || state.startsWith(CONNECTION) || state.startsWith(SHUTDOWN);
  }

  /// The driver gives its own limit the code of a broken connection; only its text, which names the
  /// property in every language, tells them apart.
  private static boolean isBeyondBuffer(SQLException failed) {
    return state(failed).startsWith(CONNECTION)
        && String.valueOf(failed.getMessage()).contains("maxResultBuffer");
  }

  /// @param otherwise for a code that says nothing more
  static Cause cause(SQLException failed, Cause otherwise) {
    String state = state(failed);
    if (state.equals(QUERY_CANCELED)) {
      return Cause.TIMEOUT;
    }
    if (state.equals(INSUFFICIENT_PRIVILEGE) || state.equals(READ_ONLY_TRANSACTION)) {
      return Cause.FORBIDDEN;
    }
    if (isBeyondBuffer(failed)) {
      return Cause.TOO_LARGE;
    }
    if (isConnection(failed)) {
      return Cause.AWAY;
    }
    if (state.startsWith(WRONG_LOGIN)) {
      return Cause.BROKEN;
    }
    // 22 data, 23 constraints, P0 raised by the database's own functions.
    return state.startsWith("22") || state.startsWith("23") || state.startsWith("P0")
        ? Cause.REFUSED
        : otherwise;
  }
}
