package dev.countersign.agent;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import java.util.Map;
import java.util.Optional;

/// Carries one message to an MCP server and its answer back.
@FunctionalInterface
public interface Transport {

  /// Posts one JSON-RPC message.
  ///
  /// @param headers besides those of any HTTP message and the bearer
  /// @throws UnavailableException if there is no complete answer
  Answer post(Secret bearer, Map<String, String> headers, String body);

  /// A complete answer.
  ///
  /// @param challenge the `WWW-Authenticate` header, if there is one
  /// @param body may be empty
  record Answer(int status, Optional<String> challenge, String body) {}
}
