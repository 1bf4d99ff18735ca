package dev.countersign.broker;

import java.util.Map;
import java.util.Optional;

/// The engines by the name of their database. Threads may share it.
public interface Engines {

  /// The engine of one database, or empty if none is configured.
  Optional<Engine> find(String database);

  /// All of them, for sweeping.
  Map<String, Engine> all();

  /// Engines that never change.
  static Engines of(Map<String, Engine> engines) {
    Map<String, Engine> fixed = Map.copyOf(engines);
    return new Engines() {
      @Override
      public Optional<Engine> find(String database) {
        return Optional.ofNullable(fixed.get(database));
      }

      @Override
      public Map<String, Engine> all() {
        return fixed;
      }
    };
  }
}
