package dev.countersign.gateway.upstream;

import tools.jackson.databind.node.ObjectNode;

/// How a server answered a call.
sealed interface UpstreamAnswer {
  /// With a tool result, an error of the tool included.
  record Result(ObjectNode result) implements UpstreamAnswer {}

  /// With an error of the protocol.
  ///
  /// @param message the server's words
  record Rejected(int code, String message) implements UpstreamAnswer {
    /// Whether it was refused before anything ran: unknown method, or params that do not fit.
    boolean isBeforeTheTool() {
      return code == -32601 || code == -32602;
    }
  }

  /// It wants something of the person first, which is not passed on.
  record AsksForInput() implements UpstreamAnswer {}

  /// Nobody waits for its answer any more.
  ///
  /// @param hadBegun whether it was asked at all, so that what it did is unknown
  record Stopped(boolean hadBegun) implements UpstreamAnswer {}

  /// There is no answer that can be used.
  ///
  /// @param reason for the ledger
  record Failed(UpstreamFailure.Kind kind, String reason) implements UpstreamAnswer {}
}
