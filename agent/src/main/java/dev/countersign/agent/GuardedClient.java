package dev.countersign.agent;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.node.ObjectNode;

/// What an agent's tools call: the MCP server, for the person whom [Acting] names, in one of the
/// two patterns. It keeps no token between calls. Threads may share it.
///
/// ```java
/// var client = new McpClient(new HttpTransport(URI.create("https://gateway.example/mcp")));
/// var guarded = GuardedClient.forwarding(client).waitingFor(page::show, Duration.ofMinutes(5));
/// CallOutcome outcome = Acting.forPerson(bearer).call(() -> guarded.callTool(name, arguments));
/// ```
public final class GuardedClient {
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final McpClient client;
  private final Pattern pattern;
  private final ApprovalPrompt prompt;
  private final Duration patience;

  private GuardedClient(
      McpClient client, Pattern pattern, ApprovalPrompt prompt, Duration patience) {
    this.client = client;
    this.pattern = pattern;
    this.prompt = prompt;
    this.patience = patience;
  }

  /// Pattern A: the server takes the person's token and exchanges it itself (`te`).
  public static GuardedClient forwarding(McpClient client) {
    return new GuardedClient(client, new Forwarding(client), (_, _) -> {}, Duration.ZERO);
  }

  /// Pattern B: a token for each call is fetched here, and the server only checks it (`validate`).
  public static GuardedClient exchanging(
      McpClient client, TokenExchange tokenExchange, Templates templates) {
    var pattern = new Exchanging(client, tokenExchange, templates);
    return new GuardedClient(client, pattern, (_, _) -> {}, Duration.ZERO);
  }

  /// The same, but a call that needs an approval shows the person where, and waits for it. Without
  /// this, such a call ends at once, and the model is told to call again after the approval.
  public GuardedClient waitingFor(ApprovalPrompt shownBy, Duration longest) {
    return new GuardedClient(client, pattern, shownBy, longest);
  }

  /// The tools that the person may see.
  public ToolList listTools() {
    Acting acting = Acting.current();
    ToolList list = client.listTools(acting.bearer());
    if (list instanceof ToolList.SignInRequired(var metadata)) {
      acting.end(metadata);
    }
    return list;
  }

  /// Calls a tool. Never throws for what a server, a person or a policy answers.
  ///
  /// @throws IllegalStateException if this thread works for nobody
  public CallOutcome callTool(String name, ObjectNode arguments) {
    var once = new ShownOnce(prompt);
    long end = System.nanoTime() + patience.toNanos();
    return Acting.current()
        .during(bearer -> {
          while (true) {
            Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            CallOutcome outcome = pattern.call(bearer, name, arguments, once, left);
            if (!(outcome instanceof CallOutcome.ApprovalRequired approval)
                || end - System.nanoTime() <= PAUSE.toNanos()) {
              return outcome;
            }
            once.show(approval.url(), approval.text());
            LockSupport.parkNanos(PAUSE.toNanos());
            if (Thread.currentThread().isInterrupted()) {
              return outcome;
            }
          }
        });
  }

  /// Where the exchange happens.
  sealed interface Pattern permits Forwarding, Exchanging {
    /// One try.
    ///
    /// @param left how long it may wait for an approval
    CallOutcome call(
        Secret bearer, String name, ObjectNode arguments, ApprovalPrompt prompt, Duration left);
  }

  private record Forwarding(McpClient client) implements Pattern {
    @Override
    public CallOutcome call(
        Secret bearer, String name, ObjectNode arguments, ApprovalPrompt prompt, Duration left) {
      return left.isZero()
          ? client.callTool(bearer, name, arguments)
          : client.callTool(bearer, name, arguments, prompt, left);
    }
  }

  private static final class ShownOnce implements ApprovalPrompt {
    private final ApprovalPrompt prompt;
    private final Set<URI> shown = new HashSet<>();

    ShownOnce(ApprovalPrompt prompt) {
      this.prompt = prompt;
    }

    @Override
    public void show(URI page, String message) {
      if (shown.add(page)) {
        prompt.show(page, message);
      }
    }
  }
}
