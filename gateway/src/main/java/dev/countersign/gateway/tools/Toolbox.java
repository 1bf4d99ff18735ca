package dev.countersign.gateway.tools;

import java.util.Optional;

/// The tools as they are now: our own, and those of servers behind us that are approved.
public interface Toolbox {
  /// All that may be listed: the same object as long as it is the same list.
  Tools tools();

  /// The one that may be called under this name.
  default Optional<Tool> find(String name) {
    return tools().find(name);
  }
}
