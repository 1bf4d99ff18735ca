package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Cancellation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/// One request while it is being answered: what the connection and the call tell each other.
/// Threads may share it.
public final class LiveRequest {
  private final Cancellation cancellation = new Cancellation();
  private volatile JsonNode id = MissingNode.getInstance();
  private volatile boolean isCall;
  private volatile boolean isStreamed;

  /// Whether somebody still waits.
  public Cancellation cancellation() {
    return cancellation;
  }

  /// From now on a tool is being called.
  ///
  /// @param request its id
  /// @param streamed whether its answer may come on a stream, whose end is the call's end too
  public void calls(JsonNode request, boolean streamed) {
    id = request;
    isStreamed = streamed;
    isCall = true;
  }

  JsonNode id() {
    return id;
  }

  public boolean isCall() {
    return isCall;
  }

  /// Whether the answer may come on a stream. While the call may still be answered with 401, it may
  /// not.
  public boolean isStreamed() {
    return isStreamed && cancellation.isLasting();
  }
}
