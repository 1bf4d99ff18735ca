package dev.countersign.box.postgres;

import org.jspecify.annotations.Nullable;

/// The embedded PostgreSQL cannot start. The message is one line for the operator: what is wrong,
/// and what to do.
public final class PostgresStartFailure extends RuntimeException {
  public PostgresStartFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  public PostgresStartFailure(String message) {
    this(message, null);
  }
}
