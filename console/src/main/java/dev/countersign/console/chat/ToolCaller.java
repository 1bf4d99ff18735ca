package dev.countersign.console.chat;

import dev.countersign.agent.Acting;
import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.SignInRequiredException;
import dev.countersign.protocol.Secret;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Calls a tool for a person, in one of the two patterns. Threads may share it.
@FunctionalInterface
public interface ToolCaller {
  /// One try, which does not wait for approvals.
  CallOutcome call(Secret bearer, String tool, ObjectNode arguments);

  /// By a guarded client.
  static ToolCaller by(GuardedClient client) {
    return (bearer, tool, arguments) -> {
      try {
        return Acting.forPerson(bearer).call(() -> client.callTool(tool, arguments));
      } catch (SignInRequiredException ended) {
        return new CallOutcome.SignInRequired(Optional.empty());
      }
    };
  }
}
