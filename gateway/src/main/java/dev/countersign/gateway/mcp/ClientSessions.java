package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Caller;
import java.util.Optional;

/// Sessions of clients of the older revisions, for all replicas. There is one only where a client
/// can lead a person to an approval, which needs to know what it declared when it began.
public interface ClientSessions {

  /// Opens one, bound to the caller's person and client.
  ///
  /// @return its id, which nobody can guess
  String open(Caller caller, Way way);

  /// The session of this id, if it is this caller's and has not ended.
  Optional<ClientSession> find(String id, Caller caller);

  /// Ends it, if it is this caller's.
  ///
  /// @return whether it was
  boolean end(String id, Caller caller);

  /// From now on its calls log from this level on.
  void log(ClientSession session, String level);

  /// Notes that the person declined a question.
  void decline(ClientSession session, String question);

  /// Whether the person declined this question.
  boolean isDeclined(ClientSession session, String question);

  /// One session.
  ///
  /// @param digest of its id
  /// @param logLevel empty where nothing is logged
  record ClientSession(String digest, Way way, Optional<String> logLevel) {}
}
