package dev.countersign.console.chat;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// One message as the model reads it.
public sealed interface Message {
  /// What the person wrote.
  record Person(String text) implements Message {}

  /// What the model answered: words, calls, or both.
  record Model(String text, List<ToolCall> calls) implements Message {
    public Model {
      calls = List.copyOf(calls);
    }
  }

  /// What came of one call, in order of the calls.
  record Result(ToolCall call, String text) implements Message {}

  /// A call that the model asks for.
  ///
  /// @param id the model's own name for it
  /// @param arguments exactly as asked; the gateway checks them
  record ToolCall(String id, String tool, ObjectNode arguments) {
    public ToolCall {
      arguments = arguments.deepCopy();
    }
  }
}
