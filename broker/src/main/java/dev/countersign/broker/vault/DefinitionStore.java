package dev.countersign.broker.vault;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Databases and roles that were written over the wire. What one replica writes all others see with
/// their next request. Threads and replicas share it.
public interface DefinitionStore {

  Optional<Definition> find(Kind kind, String name);

  /// All names of a kind, sorted.
  List<String> names(Kind kind);

  /// Writes one, as its next version.
  ///
  /// @param sealed the sealed password; empty to keep the one that is there
  void write(Kind kind, String name, ObjectNode document, String sealed, String by, Instant now);

  /// Removes one.
  ///
  /// @return false if it was not there
  boolean remove(Kind kind, String name);

  /// What can be written.
  enum Kind {
    DATABASE,
    ROLE
  }

  /// What was written.
  ///
  /// @param version grows with each write
  record Definition(ObjectNode document, String sealed, long version) {}
}
