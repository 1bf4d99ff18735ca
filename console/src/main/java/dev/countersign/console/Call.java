package dev.countersign.console;

import dev.countersign.agent.CallOutcome;
import java.time.Instant;
import tools.jackson.databind.node.ObjectNode;

/// One tool call of a session and how it ended.
public record Call(String tool, ObjectNode arguments, Instant at, CallOutcome outcome) {
  public Call {
    arguments = arguments.deepCopy();
  }
}
