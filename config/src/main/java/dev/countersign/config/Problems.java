package dev.countersign.config;

import java.util.ArrayList;
import java.util.List;

/// Collects what is wrong with configuration files, so that an operator reads everything at once.
/// One thread at a time.
public final class Problems {
  private final List<String> found = new ArrayList<>();

  /// Notes a problem.
  ///
  /// @param where `file:line`
  /// @param key the dotted path of the key, or empty for the file itself
  /// @param message what is wrong and how to mend it; never a secret
  public void add(String where, String key, String message) {
    found.add(where + ": " + (key.isEmpty() ? "" : key + ": ") + message);
  }

  public boolean isEmpty() {
    return found.isEmpty();
  }

  /// Gives up if anything was found.
  ///
  /// @throws ConfigException naming everything found
  public void throwIfAny() {
    if (!found.isEmpty()) {
      throw new ConfigException(found);
    }
  }
}
