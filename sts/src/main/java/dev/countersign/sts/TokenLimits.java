package dev.countersign.sts;

import java.util.ArrayList;

/// How often one client may exchange one subject token: whoever stole it cannot ask without end,
/// and an agent that runs wild is stopped.
///
/// @param perMinute within one minute of the clock
/// @param inAll as long as the token lives
public record TokenLimits(int perMinute, int inAll) {

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public TokenLimits {
    var problems = new ArrayList<String>();
    if (perMinute < 1) {
      problems.add("sts: exchanges-per-token: per-minute must be 1 or more");
    }
    if (inAll < 1) {
      problems.add("sts: exchanges-per-token: in-all must be 1 or more");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// More than a working agent needs, and far less than one that guesses.
  public static TokenLimits defaults() {
    return new TokenLimits(600, 5_000);
  }

  boolean allow(Entrance.Uses uses) {
    return uses.inMinute() <= perMinute && uses.inAll() <= inAll;
  }
}
