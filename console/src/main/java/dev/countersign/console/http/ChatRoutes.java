package dev.countersign.console.http;

import dev.countersign.agent.McpClient;
import dev.countersign.agent.ToolInfo;
import dev.countersign.agent.ToolList;
import dev.countersign.box.Http;
import dev.countersign.console.Pattern;
import dev.countersign.console.Provider;
import dev.countersign.console.Session;
import dev.countersign.console.chat.Assistant;
import dev.countersign.console.chat.Chat;
import dev.countersign.console.chat.ChatEvent;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The chat: its page, what the page sends, and what it is told as it happens.
///
/// Everything but the page asks for the session's form token in `X-Csrf`, which no form and no
/// other site can send.
final class ChatRoutes {
  static final String CHAT = "/chat";
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);
  private static final int LONGEST_MESSAGE = 8_000;
  private static final java.util.regex.Pattern ID =
      java.util.regex.Pattern.compile("[A-Za-z0-9_-]{8,64}");
  private static final java.util.regex.Pattern SEQ = java.util.regex.Pattern.compile("[0-9]{1,15}");

  private final PersonSessions sessions;
  private final Assistant assistant;
  private final Set<Pattern> patterns;
  private final List<Provider> providers;
  private final McpClient gateway;
  private final LedgerReader ledger;
  private final InstantSource clock;

  ChatRoutes(
      PersonSessions sessions,
      Assistant assistant,
      Set<Pattern> patterns,
      List<Provider> providers,
      McpClient gateway,
      LedgerReader ledger,
      InstantSource clock) {
    this.sessions = sessions;
    this.assistant = assistant;
    this.patterns = Set.copyOf(patterns);
    this.providers = List.copyOf(providers);
    this.gateway = gateway;
    this.ledger = ledger;
    this.clock = clock;
  }

  void install(HttpRouting.Builder routing) {
    routing
        .get(CHAT, this::page)
        .get(CHAT + "/tools", guarded(this::tools))
        .get(CHAT + "/events", this::events)
        .post(CHAT + "/messages", guarded(this::message))
        .post(CHAT + "/cancel", guarded(this::cancel))
        .post(CHAT + "/pattern", guarded(this::pattern))
        .post(CHAT + "/cards/{card}/again", guarded(this::again))
        .get(CHAT + "/traces/{jti}", this::trace);
  }

  private interface InSession {
    void handle(Session session, ServerRequest request, ServerResponse response);
  }

  private Handler guarded(InSession handler) {
    return (request, response) -> {
      Optional<Session> session = sessions.of(request);
      if (session.isEmpty()) {
        Http.json(response, 401, problem("signed_out", "sign in again"));
        return;
      }
      Optional<String> csrf = Http.header(request, "X-Csrf");
      if (csrf.isEmpty() || !session.get().csrf().equals(new Secret(csrf.get()))) {
        Http.json(response, 403, problem("foreign_form", "open the page again"));
        return;
      }
      handler.handle(session.get(), request, response);
    };
  }

  private void page(ServerRequest request, ServerResponse response) {
    Optional<Session> session = sessions.of(request);
    if (session.isEmpty()) {
      Http.redirect(response, "/");
      return;
    }
    session.get().see(clock.instant());
    Http.html(response, 200, ChatMarkup.page(session.get(), patterns, providers), Assets.POLICY);
  }

  private void tools(Session session, ServerRequest request, ServerResponse response) {
    switch (gateway.listTools(session.bearer())) {
      case ToolList.Listed(List<ToolInfo> tools) -> {
        ObjectNode body = StrictJson.object();
        ArrayNode list = body.putArray("tools");
        tools.forEach(tool -> {
          ObjectNode one = list.addObject().put("name", tool.name());
          one.put("title", tool.definition().path("title").asString(tool.name()));
          one.put("description", tool.description());
          one.put(
              "writes",
              !tool.definition().path("annotations").path("readOnlyHint").asBoolean(false));
          ArrayNode takes = one.putArray("takes");
          tool.inputSchema()
              .path("properties")
              .properties()
              .forEach(argument ->
                  takes
                      .addObject()
                      .put("name", argument.getKey())
                      .put("within", within(argument.getValue())));
        });
        Http.json(response, 200, body);
      }
      case ToolList.SignInRequired _ -> {
        session.end("Your sign-in is no longer accepted.");
        Http.json(response, 401, problem("signed_out", "sign in again"));
      }
      case ToolList.Failed(String reason) ->
          Http.json(
              response, 503, problem("unavailable", "the gateway does not answer: " + reason));
    }
  }

  /// The bounds of an argument, in words; empty where its schema has none.
  private static String within(JsonNode schema) {
    String from = schema.path("minimum").asString("");
    String to = schema.path("maximum").asString("");
    String choices =
        schema
            .path("enum")
            .valueStream()
            .map(one -> one.asString(""))
            .collect(Collectors.joining(", "));
    return Stream.of(
            from.isEmpty() ? "" : "at least " + from,
            to.isEmpty() ? "" : "at most " + to,
            choices.isEmpty() ? "" : "one of " + choices)
        .filter(text -> !text.isEmpty())
        .collect(Collectors.joining(", "));
  }

  private void message(Session session, ServerRequest request, ServerResponse response) {
    ObjectNode body = Http.jsonBody(request);
    String id = body.path("id").asString("");
    String text = body.path("text").asString("").strip();
    if (!ID.matcher(id).matches()) {
      throw new WireException(OAuthError.INVALID_REQUEST, "`id` must be 8 to 64 plain characters");
    }
    if (text.isEmpty() || text.length() > LONGEST_MESSAGE) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "`text` must have 1 to " + LONGEST_MESSAGE + " characters");
    }
    session.see(clock.instant());
    Chat.Taken taken = assistant.take(session, id, text);
    switch (taken) {
      case BEGUN, REPEATED -> Http.json(response, 202, StrictJson.object().put("id", id));
      case BUSY ->
          Http.json(response, 409, problem("busy", "the agent still works; wait or stop it"));
      case ENDED -> Http.json(response, 401, problem("signed_out", "sign in again"));
    }
  }

  private void cancel(Session session, ServerRequest request, ServerResponse response) {
    session.see(clock.instant());
    session.chat().cancel();
    Http.json(response, 202, StrictJson.object());
  }

  /// Which pattern the next calls take.
  private void pattern(Session session, ServerRequest request, ServerResponse response) {
    String name = Http.jsonBody(request).path("pattern").asString("");
    Optional<Pattern> chosen = Pattern.of(name).filter(patterns::contains);
    if (chosen.isEmpty()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "`pattern` must be one that this console offers");
    }
    session.see(clock.instant());
    session.take(chosen.get());
    Http.json(response, 200, StrictJson.object().put("pattern", name));
  }

  private void again(Session session, ServerRequest request, ServerResponse response) {
    session.see(clock.instant());
    session.chat().again(request.path().pathParameters().get("card"));
    Http.json(response, 202, StrictJson.object());
  }

  /// What happens in the conversation that a page names by `of`, from where it says with `after` or
  /// `Last-Event-ID`, as server-sent events; while a page listens, somebody looks every few seconds
  /// whether the person is still in.
  private void events(ServerRequest request, ServerResponse response) {
    Optional<Session> session = sessions.told(request);
    if (session.isEmpty()
        || !session.get().chat().conversation().mark().equals(parameter(request, "of"))) {
      // 204 tells a browser not to try again (HTML, server-sent events). A page of an earlier
      // session is told nothing of this one, which may be another person's.
      Http.empty(response, 204);
      return;
    }
    response.header("Content-Type", "text/event-stream");
    response.header("Cache-Control", "no-store");
    response.header("X-Content-Type-Options", "nosniff");
    response.header("X-Accel-Buffering", "no");
    try (OutputStream out = response.outputStream()) {
      stream(session.get(), seen(request), out);
    } catch (IOException gone) {
      // The page was closed, or comes again and says what it has.
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void stream(Session session, long seen, OutputStream out)
      throws IOException, InterruptedException {
    long last = seen;
    out.write("retry: 1000\n\n".getBytes(StandardCharsets.UTF_8));
    out.flush();
    while (true) {
      boolean isFinished = session.chat().isFinished(); // asked first: the last events say why
      List<ChatEvent> events =
          session.chat().conversation().after(last, isFinished ? Duration.ZERO : HEARTBEAT);
      if (events.isEmpty()) {
        out.write(": still here\n\n".getBytes(StandardCharsets.UTF_8));
      }
      for (ChatEvent event : events) {
        out.write(text(event).getBytes(StandardCharsets.UTF_8));
        last = event.seq();
      }
      out.flush();
      if (events.isEmpty() && isFinished) {
        return;
      }
      sessions.look(session);
    }
  }

  private static String text(ChatEvent event) {
    return "id: %d\nevent: %s\ndata: %s\n\n".formatted(event.seq(), event.kind(), event.json());
  }

  private static long seen(ServerRequest request) {
    String reconnected = Http.header(request, "Last-Event-ID").orElse("");
    return Math.max(number(reconnected), number(parameter(request, "after")));
  }

  private static long number(String text) {
    return SEQ.matcher(text).matches() ? Long.parseLong(text) : 0;
  }

  private static String parameter(ServerRequest request, String name) {
    return Http.query(request).getOrDefault(name, "");
  }

  private void trace(ServerRequest request, ServerResponse response) {
    Optional<Session> session = sessions.of(request);
    if (session.isEmpty()) {
      Http.redirect(response, "/");
      return;
    }
    String jti = request.path().pathParameters().get("jti");
    if (!session.get().chat().traces().has(jti)) {
      Http.html(
          response,
          404,
          Layout.message(
              "No trace",
              "No call of yours has this id. Traces are shown to their own person only."));
      return;
    }
    Http.html(response, 200, StoryMarkup.page(jti, ledger.trace(jti)));
  }

  private static ObjectNode problem(String code, String text) {
    return StrictJson.object().put("error", code).put("error_description", text);
  }
}
