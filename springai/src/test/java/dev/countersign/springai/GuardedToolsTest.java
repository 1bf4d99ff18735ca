package dev.countersign.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.agent.Acting;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.SignInRequiredException;
import dev.countersign.agent.Transport;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.DefaultToolCallingManager;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.model.tool.ToolExecutionResult;
import org.springframework.ai.tool.ToolCallback;
import tools.jackson.databind.node.ObjectNode;

/// The guarded tools in the hands of Spring AI's own tool loop.
class GuardedToolsTest {
  private static final Secret MAYA = new Secret("maya-token");
  private static final String TOOLS =
      """
      {"tools":[{"name":"find_case","description":"Reads one case.","inputSchema":{"type":"object",
        "properties":{"case_id":{"type":"string"}},"required":["case_id"]}}]}
      """;

  private final List<String> sent = new ArrayList<>();
  private int status = 200;

  private GuardedTools tools() {
    return new GuardedTools(GuardedClient.forwarding(new McpClient(this::answer)));
  }

  private Transport.Answer answer(Secret bearer, Map<String, String> headers, String body) {
    ObjectNode message = StrictJson.parseObject(body);
    boolean isList = message.path("method").stringValue().equals("tools/list");
    if (!isList) {
      sent.add(bearer.reveal() + " " + message.path("params").path("arguments"));
    }
    ObjectNode answer = StrictJson.object().put("jsonrpc", "2.0");
    answer.set("id", message.path("id"));
    answer.set(
        "result",
        StrictJson.parse(
            isList ? TOOLS : "{\"content\":[{\"type\":\"text\",\"text\":\"the case\"}]}"));
    return new Transport.Answer(isList ? 200 : status, Optional.empty(), StrictJson.write(answer));
  }

  private static ToolExecutionResult run(ToolCallback[] callbacks, String arguments) {
    var call = new AssistantMessage.ToolCall("1", "function", "find_case", arguments);
    var asked = AssistantMessage.builder().content("").toolCalls(List.of(call)).build();
    var options = ToolCallingChatOptions.builder().toolCallbacks(callbacks).build();
    return DefaultToolCallingManager.builder()
        .build()
        .executeToolCalls(
            new Prompt(List.of(new UserMessage("find it")), options),
            new ChatResponse(List.of(new Generation(asked))));
  }

  @Test
  void callsForThePersonAndTellsTheModelTheText() {
    String conversation =
        Acting.forPerson(MAYA)
            .call(() -> run(tools().getToolCallbacks(), "{\"case_id\":\"R-1\"}"))
            .conversationHistory()
            .toString();

    assertThat(conversation).contains("the case").doesNotContain("maya-token");
    assertThat(sent).containsExactly("maya-token {\"case_id\":\"R-1\"}");
  }

  @Test
  void tellsTheModelThatItsArgumentsAreNone() {
    String conversation =
        Acting.forPerson(MAYA)
            .call(() -> run(tools().getToolCallbacks(), "{\"case_id\":\"a\",\"case_id\":\"b\"}"))
            .conversationHistory()
            .toString();

    assertThat(conversation).contains("must be one JSON object");
    assertThat(sent).isEmpty();
  }

  @Test
  void callsForNobodyAreNotMade() {
    ToolCallback[] callbacks = Acting.forPerson(MAYA).call(() -> tools().getToolCallbacks());

    assertThatThrownBy(() -> callbacks[0].call("{}")).isInstanceOf(IllegalStateException.class);
    assertThat(sent).isEmpty();
  }

  @Test
  void aTokenThatIsNotAcceptedAnyMoreEndsTheRequest() {
    status = 401;

    assertThatThrownBy(
            () -> Acting.forPerson(MAYA).call(() -> run(tools().getToolCallbacks(), "{}")))
        .isInstanceOf(SignInRequiredException.class);
  }
}
