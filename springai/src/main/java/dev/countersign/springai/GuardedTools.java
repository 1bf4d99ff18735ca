package dev.countersign.springai;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.ToolInfo;
import dev.countersign.agent.ToolList;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import org.springframework.ai.chat.client.advisor.ToolCallingAdvisor;
import org.springframework.ai.model.tool.DefaultToolCallingManager;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.ToolCallbackProvider;
import org.springframework.ai.tool.definition.ToolDefinition;
import tools.jackson.databind.node.ObjectNode;

/// The tools that the person being acted for may see, for a chat client. Ask for them and call the
/// client inside [dev.countersign.agent.Acting]. Threads may share it.
///
/// ```java
/// var tools = new GuardedTools(client);
/// var chat = ChatClient.builder(model).defaultAdvisors(tools.advisor()).build();
/// String answer =
///     Acting.forPerson(bearer).call(() -> chat.prompt(question).tools(tools).call().content());
/// ```
public final class GuardedTools implements ToolCallbackProvider {
  private final GuardedClient client;

  public GuardedTools(GuardedClient client) {
    this.client = client;
  }

  /// The loop of a chat client in which a model that names a tool that there is not is told so;
  /// Spring AI's own ends the whole request.
  public ToolCallingAdvisor advisor() {
    return ToolCallingAdvisor.builder()
        .toolCallingManager(
            DefaultToolCallingManager.builder()
                .toolCallbackResolver(
                    name -> new Guarded(client, new ToolInfo(name, "", StrictJson.object())))
                .build())
        .build();
  }

  /// @throws UnavailableException if there is no list of tools
  @Override
  public ToolCallback[] getToolCallbacks() {
    return switch (client.listTools()) {
      case ToolList.Listed(var tools) ->
          tools.stream().map(tool -> new Guarded(client, tool)).toArray(ToolCallback[]::new);
      case ToolList.SignInRequired _ ->
          throw new UnavailableException("the person must sign in again", null);
      case ToolList.Failed(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private record Guarded(GuardedClient client, ToolInfo tool) implements ToolCallback {
    @Override
    public ToolDefinition getToolDefinition() {
      return ToolDefinition.builder()
          .name(tool.name())
          .description(tool.description())
          .inputSchema(StrictJson.write(tool.inputSchema()))
          .build();
    }

    @Override
    public String call(String input) {
      return outcome(input).forModel();
    }

    private CallOutcome outcome(String input) {
      ObjectNode arguments;
      try {
        arguments = input.isBlank() ? StrictJson.object() : StrictJson.parseObject(input);
      } catch (MalformedJsonException malformed) {
        return new CallOutcome.Failed(
            "invalid_arguments", "the arguments must be one JSON object", StrictJson.object());
      }
      return client.callTool(tool.name(), arguments);
    }
  }
}
