package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Cancellation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// One request while it is being answered: what the connection and the call tell each other.
/// Threads may share it.
public final class LiveRequest {
  private static final int MOST_WAITING = 64;

  private final Cancellation cancellation = new Cancellation();
  private final LinkedBlockingQueue<ObjectNode> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
  private final Semaphore bell = new Semaphore(0);
  private volatile JsonNode id = MissingNode.getInstance();
  private volatile boolean isCall;
  private volatile boolean isStreamed;
  private volatile boolean endsWithItsStream;

  /// Whether somebody still waits.
  public Cancellation cancellation() {
    return cancellation;
  }

  /// From now on a tool is being called.
  ///
  /// @param request its id
  /// @param streamed whether its answer may come on a stream
  /// @param endsWithItsStream whether that stream's end is the call's end too
  public void calls(JsonNode request, boolean streamed, boolean endsWithItsStream) {
    id = request;
    isStreamed = streamed;
    this.endsWithItsStream = endsWithItsStream;
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

  /// Whether a client that closes the stream ends the call.
  public boolean endsWithItsStream() {
    return endsWithItsStream;
  }

  /// Sends a message before the answer; more than 64 that nobody takes are dropped.
  void tell(ObjectNode message) {
    if (waiting.offer(message)) {
      ring();
    }
  }

  /// Wakes whoever waits for news.
  public void ring() {
    bell.release();
  }

  /// Waits for news, for so long at most.
  public void await(long nanos) throws InterruptedException {
    if (bell.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
      bell.drainPermits();
    }
  }

  /// What is to be sent before the answer, in order, once.
  public List<ObjectNode> messages() {
    var messages = new ArrayList<ObjectNode>();
    waiting.drainTo(messages);
    return messages;
  }
}
