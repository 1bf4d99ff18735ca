import dev.countersign.agent.Acting;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.InWords;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.SignInRequiredException;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.langchain4j.GuardedTools;
import dev.countersign.protocol.Secret;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.anthropic.AnthropicChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.SystemMessage;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Executors;

/// A refunds agent with LangChain4j, in Pattern A; a call that needs an approval waits for it, and
/// the model's parallel calls run in parallel.
///
/// Variables: COUNTERSIGN_BEARER (the person's token), MCP_URL; OPENAI_BASE_URL, OPENAI_API_KEY, MODEL
/// for any OpenAI-compatible endpoint, Ollama's included; or MODEL=anthropic:<name> with
/// ANTHROPIC_API_KEY. A question a line.
interface Assistant {
  @SystemMessage("You refund customers through tools.")
  String chat(String question);
}

void main() throws IOException {
  URI server = URI.create(setting("MCP_URL", "http://127.0.0.1:9403/mcp"));
  var mcp = new McpClient(new HttpTransport(server));
  var guarded =
      GuardedClient.forwarding(mcp)
          .waitingFor(
              (page, message) -> IO.println("Please approve: " + message + " " + page),
              Duration.ofMinutes(5));
  try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
    Assistant assistant =
        AiServices.builder(Assistant.class)
            .chatModel(model())
            .chatMemory(MessageWindowChatMemory.withMaxMessages(40))
            .toolProvider(new GuardedTools(guarded))
            .hallucinatedToolNameStrategy(
                call -> ToolExecutionResultMessage.from(call, "there is no tool of that name"))
            .executeToolsConcurrently(Acting.carrying(threads))
            .build();
    var bearer = new Secret(setting("COUNTERSIGN_BEARER", ""));
    for (String question = IO.readln(); question != null; question = IO.readln()) {
      String asked = question;
      try {
        IO.println(Acting.forPerson(bearer).call(() -> assistant.chat(asked)));
      } catch (SignInRequiredException ended) {
        IO.println(InWords.of(ended));
        return;
      } catch (RuntimeException failed) {
        IO.println(InWords.of(failed));
      }
    }
  }
}

ChatModel model() {
  String name = setting("MODEL", "rehearsal");
  if (name.startsWith("anthropic:")) {
    return AnthropicChatModel.builder()
        .baseUrl(setting("ANTHROPIC_BASE_URL", "https://api.anthropic.com") + "/v1/")
        .apiKey(setting("ANTHROPIC_API_KEY", ""))
        .modelName(name.substring("anthropic:".length()))
        .maxTokens(1_000)
        .timeout(Duration.ofMinutes(1))
        .maxRetries(1)
        .build();
  }
  return OpenAiChatModel.builder()
      .baseUrl(setting("OPENAI_BASE_URL", "http://127.0.0.1:9427/v1"))
      .apiKey(setting("OPENAI_API_KEY", "none"))
      .modelName(name)
      .timeout(Duration.ofMinutes(1))
      .maxRetries(1)
      .build();
}

String setting(String name, String otherwise) {
  String value = System.getenv(name);
  return value == null ? otherwise : value;
}
