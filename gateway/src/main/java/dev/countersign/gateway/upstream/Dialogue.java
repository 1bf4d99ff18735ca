package dev.countersign.gateway.upstream;

import dev.countersign.gateway.Cancellation;
import dev.countersign.gateway.Progress;
import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.upstream.UpstreamFailure.Kind;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Talks with one server in the era that it speaks, so that nobody else has to know which. Threads
/// may share it.
///
/// Nothing is offered to the server: no sampling, no roots, no elicitation. What it asks for all
/// the same goes nowhere.
public final class Dialogue implements AutoCloseable {
  private static final int MAX_PAGES = 20;
  private static final int MAX_TOOLS = 500;
  private static final Duration LIST_TIMEOUT = Duration.ofSeconds(15);
  private static final int LIST_BYTES = 2 << 20;

  private final Server server;
  private final Channel channel;
  private final Manners manners;

  /// @param version of this gateway, as it tells servers
  public Dialogue(Server server, Channel channel, String version) {
    this.server = server;
    this.channel = channel;
    this.manners = new Manners(server.speech(), channel, version);
  }

  /// All tools of the server, as it describes them.
  ///
  /// @throws UpstreamFailure if it does not tell them
  public List<ObjectNode> tools(South south) {
    var line = new Manners.Line(south, LIST_TIMEOUT, LIST_BYTES);
    try (Conversation open = manners.open(line)) {
      var tools = new ArrayList<ObjectNode>();
      String cursor = "";
      for (int page = 0; page < MAX_PAGES && tools.size() <= MAX_TOOLS; page++) {
        ObjectNode params = StrictJson.object();
        if (!cursor.isEmpty()) {
          params.put("cursor", cursor);
        }
        ObjectNode result = listed(open.ask("tools/list", params));
        for (JsonNode tool : result.path("tools")) {
          if (!(tool instanceof ObjectNode object)) {
            throw new UpstreamFailure(Kind.PROTOCOL, "its list of tools holds something else");
          }
          tools.add(object);
        }
        cursor = result.path("nextCursor").asString("");
        if (cursor.isEmpty()) {
          return tools;
        }
      }
      throw new UpstreamFailure(Kind.TOO_LARGE, "its list of tools does not end");
    }
  }

  private ObjectNode listed(ObjectNode reply) {
    if (reply.path("result") instanceof ObjectNode result && result.path("tools").isArray()) {
      return result;
    }
    manners.forget();
    throw new UpstreamFailure(Kind.PROTOCOL, "it does not list its tools");
  }

  /// One thing that a server is asked for.
  ///
  /// @param member what a result of it must have, a list
  record Question(String method, ObjectNode params, String member) {
    static Question call(String tool, ObjectNode arguments) {
      ObjectNode params = StrictJson.object().put("name", tool);
      params.set("arguments", arguments);
      return new Question("tools/call", params, "content");
    }

    static Question read(String uri) {
      return new Question("resources/read", StrictJson.object().put("uri", uri), "contents");
    }

    static Question fill(String prompt, ObjectNode arguments) {
      ObjectNode params = StrictJson.object().put("name", prompt);
      params.set("arguments", arguments);
      return new Question("prompts/get", params, "messages");
    }
  }

  /// Asks for it.
  ///
  /// @param cancellation ends the waiting; the server is told
  /// @param progress told what the server says of it meanwhile
  UpstreamAnswer ask(Question question, South south, Cancellation cancellation, Progress progress) {
    try {
      return stoppable(
          cancellation, () -> answer(sent(question, south, progress), question.member()));
    } catch (UpstreamFailure failure) {
      return cancellation.isCancelled()
          ? new UpstreamAnswer.Stopped(true)
          : new UpstreamAnswer.Failed(failure.kind(), failure.reason());
    }
  }

  private ObjectNode sent(Question question, South south, Progress progress) {
    var line = new Manners.Line(south, server.limits().timeout(), server.limits().maxBytes());
    try (Conversation open = manners.open(line)) {
      return open.ask(question.method(), question.params(), progress);
    }
  }

  /// Both kinds of channel give up waiting when their thread is interrupted. No interrupt is left
  /// behind: what follows, such as the end of a lease, is not to be stopped.
  private static UpstreamAnswer stoppable(
      Cancellation cancellation, Supplier<UpstreamAnswer> work) {
    Thread waiting = Thread.currentThread();
    var once = new AtomicBoolean();
    Runnable stop =
        () -> {
          if (once.compareAndSet(false, true)) {
            waiting.interrupt();
          }
        };
    try (var _ = cancellation.step(stop)) {
      return work.get();
    } finally {
      if (once.get()) {
        Thread.interrupted();
      }
    }
  }

  private UpstreamAnswer answer(ObjectNode reply, String member) {
    if (reply.path("error") instanceof ObjectNode error) {
      int code = error.path("code").asInt(0);
      if (Manners.isAboutTheEra(code)) {
        manners.forget();
      }
      return new UpstreamAnswer.Rejected(code, error.path("message").asString(""));
    }
    if (!(reply.path("result") instanceof ObjectNode result)) {
      return new UpstreamAnswer.Failed(Kind.PROTOCOL, "its answer is neither result nor error");
    }
    return switch (result.path("resultType").asString("complete")) {
      case "complete" ->
          result.path(member).isArray()
              ? new UpstreamAnswer.Result(result)
              : new UpstreamAnswer.Failed(Kind.PROTOCOL, "its result has no `" + member + "`");
      case "input_required" -> new UpstreamAnswer.AsksForInput();
      default -> new UpstreamAnswer.Failed(Kind.PROTOCOL, "the type of its result is unknown");
    };
  }

  @Override
  public void close() {
    channel.close();
  }
}
