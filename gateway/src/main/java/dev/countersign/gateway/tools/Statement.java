package dev.countersign.gateway.tools;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The one SQL statement that a tool runs. Values are always bound, never written into the text.
///
/// @param database the configured name of the database
/// @param sql with `?` for each parameter
/// @param parameters the argument bound to each `?`, in order
/// @param readOnly whether the transaction may not write
/// @param limits how much it may take
public record Statement(
    String database, String sql, List<String> parameters, boolean readOnly, Limits limits) {
  public Statement {
    parameters = List.copyOf(parameters);
  }

  /// How much one run may take.
  ///
  /// @param maxRows the most rows returned to the agent
  /// @param maxBytes the most bytes taken from the database and returned to the agent
  /// @param timeout from sending the statement to its last row
  public record Limits(int maxRows, int maxBytes, Duration timeout) {
    private static final Duration LONGEST = Duration.ofMinutes(4);

    public Limits {
      var problems = new ArrayList<String>();
      if (maxRows < 1 || maxRows > 10_000) {
        problems.add("max-rows must be 1 to 10000");
      }
      if (maxBytes < 1024 || maxBytes > 4 << 20) {
        problems.add("max-bytes must be 1024 to 4194304");
      }
      if (!timeout.isPositive() || timeout.compareTo(LONGEST) > 0) {
        problems.add("timeout must be over 0 and at most 4m, below the life of a lease");
      }
      if (!problems.isEmpty()) {
        throw new IllegalArgumentException(String.join("\n", problems));
      }
    }
  }
}
