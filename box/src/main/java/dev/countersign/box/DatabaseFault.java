package dev.countersign.box;

import java.sql.SQLException;

/// The database refused a statement: a bug of ours, or a constraint that the caller looks for by
/// its state.
public final class DatabaseFault extends RuntimeException {
  private static final String UNIQUE_VIOLATION = "23505";

  private final String sqlState;

  public DatabaseFault(SQLException cause) {
    super("the database refused a statement, state " + cause.getSQLState(), cause);
    this.sqlState = cause.getSQLState() == null ? "" : cause.getSQLState();
  }

  /// The five characters of SQLSTATE, or empty.
  public String sqlState() {
    return sqlState;
  }

  /// Whether a row with the same key is there already.
  public boolean isDuplicate() {
    return sqlState.equals(UNIQUE_VIOLATION);
  }
}
