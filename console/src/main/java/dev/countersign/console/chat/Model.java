package dev.countersign.console.chat;

import dev.countersign.agent.ToolInfo;
import java.util.List;
import java.util.function.Consumer;

/// A language model. It is handed words and tool definitions, and no credential of anybody. Threads
/// may share it.
public interface Model {
  /// Answers a conversation.
  ///
  /// @param onText told each piece of the answer's words as it arrives
  /// @throws ModelFailure if there is no usable answer; its message is for the person
  /// @throws InterruptedException if the person cancelled
  Message.Model answer(List<Message> conversation, List<ToolInfo> tools, Consumer<String> onText)
      throws InterruptedException;
}
