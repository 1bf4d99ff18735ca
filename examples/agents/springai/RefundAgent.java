import com.nimbusds.jose.jwk.JWK;
import dev.countersign.agent.Acting;
import dev.countersign.agent.ClientProof;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.InWords;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.SignInRequiredException;
import dev.countersign.agent.Templates;
import dev.countersign.agent.http.HttpTokenExchange;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.protocol.Secret;
import dev.countersign.springai.GuardedTools;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;

/// A refunds agent with Spring AI, in Pattern B: the agent exchanges by itself (gateway.mode
/// validate), by pinned templates, and a call that needs an approval waits for it.
///
/// Variables: COUNTERSIGN_BEARER (the person's token), MCP_URL, STS_ISSUER, CLIENT_ID, CLIENT_KEY
/// (a file with a private JWK), TEMPLATES (a file of pins); OPENAI_BASE_URL, OPENAI_API_KEY, MODEL
/// for any OpenAI-compatible endpoint, Ollama's included. A question a line.
void main() throws Exception {
  URI server = URI.create(setting("MCP_URL", "http://127.0.0.1:9403/mcp"));
  URI issuer = URI.create(setting("STS_ISSUER", "http://127.0.0.1:9401"));
  var key = JWK.parse(Files.readString(Path.of(System.getenv("CLIENT_KEY"))));
  var proof =
      ClientProof.key(setting("CLIENT_ID", "agent"), key, issuer, InstantSource.system());
  var templates = Templates.of(Files.readString(Path.of(System.getenv("TEMPLATES"))));
  var guarded =
      GuardedClient.exchanging(
              new McpClient(new HttpTransport(server)),
              new HttpTokenExchange(issuer, server, proof),
              templates)
          .waitingFor(
              (page, message) -> IO.println("Please approve: " + message + " " + page),
              Duration.ofMinutes(5));
  var model =
      OpenAiChatModel.builder()
          .options(
              OpenAiChatOptions.builder()
                  .baseUrl(setting("OPENAI_BASE_URL", "http://127.0.0.1:9427/v1"))
                  .apiKey(setting("OPENAI_API_KEY", "none"))
                  .model(setting("MODEL", "rehearsal"))
                  .timeout(Duration.ofMinutes(1))
                  .maxRetries(1)
                  .build())
          .build();
  var memory = MessageWindowChatMemory.builder().maxMessages(40).build();
  var tools = new GuardedTools(guarded);
  ChatClient chat =
      ChatClient.builder(model)
          .defaultSystem("You refund customers through tools.")
          .defaultAdvisors(tools.advisor(), MessageChatMemoryAdvisor.builder(memory).build())
          .build();
  var bearer = new Secret(setting("COUNTERSIGN_BEARER", ""));
  for (String question = IO.readln(); question != null; question = IO.readln()) {
    String asked = question;
    try {
      IO.println(
          Acting.forPerson(bearer)
              .call(() ->
                  chat.prompt(asked)
                      .advisors(to -> to.param(ChatMemory.CONVERSATION_ID, "refunds"))
                      .tools(tools)
                      .call()
                      .content()));
    } catch (SignInRequiredException ended) {
      IO.println(InWords.of(ended));
      return;
    } catch (RuntimeException failed) {
      IO.println(InWords.of(failed));
    }
  }
}

String setting(String name, String otherwise) {
  String value = System.getenv(name);
  return value == null ? otherwise : value;
}
