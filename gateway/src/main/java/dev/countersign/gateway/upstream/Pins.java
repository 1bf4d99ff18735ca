package dev.countersign.gateway.upstream;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// Which definitions of foreign tools are approved, and which were last seen; for all replicas.
public interface Pins {

  /// All pins.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  List<Pin> all();

  /// Notes what a server lists now.
  ///
  /// @return names of the tools that were noted as new, changed or gone by this very call
  /// @throws dev.countersign.protocol.UnavailableException if it cannot be noted
  List<String> note(String server, Collection<Definition> listed);

  /// Approves the definition that was last seen, if it is still that one.
  ///
  /// @return whether it was
  boolean approve(String server, String tool, String digest, String by);

  /// Takes an approval back.
  ///
  /// @return whether there was one
  boolean withdraw(String server, String tool);

  /// One tool of one server.
  ///
  /// @param seen empty if the server does not list it any more
  record Pin(
      String server,
      String tool,
      Optional<Definition> approved,
      Optional<Definition> seen,
      String approvedBy,
      Instant seenAt) {

    /// Where it stands.
    public State state() {
      if (seen.isEmpty()) {
        return State.GONE;
      }
      if (approved.isEmpty()) {
        return State.NEW;
      }
      return approved.get().digest().equals(seen.get().digest()) ? State.APPROVED : State.CHANGED;
    }
  }

  /// Where a tool stands; only the first may be called.
  enum State {
    APPROVED,
    CHANGED,
    NEW,
    GONE
  }
}
