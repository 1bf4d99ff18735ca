package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INTERNAL_ERROR;
import static dev.countersign.gateway.mcp.McpError.INVALID_PARAMS;
import static dev.countersign.gateway.mcp.McpError.METHOD_NOT_FOUND;

import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.CancelNews;
import dev.countersign.gateway.GuardedCall;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.RunningCalls;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.ClientSessions.ClientSession;
import dev.countersign.gateway.tools.Material;
import dev.countersign.gateway.tools.Prompt;
import dev.countersign.gateway.tools.Resource;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Toolbox;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Spans;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TraceContext;
import dev.countersign.protocol.UnavailableException;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Answers one message of an authenticated caller, in either era. Threads may share it.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28 MCP 2026-07-28
/// @spec https://modelcontextprotocol.io/specification/2025-11-25 MCP 2025-11-25
/// @spec https://modelcontextprotocol.io/specification/2025-06-18 MCP 2025-06-18
public final class McpServer {
  private static final Logger LOG = LoggerFactory.getLogger(McpServer.class);
  private static final String INSTRUCTIONS =
      "Every call is checked against what the person you act for may do. A denied call stays denied:"
          + " tell the person why. If a call needs approval, show the address to the person and call"
          + " again with the same arguments once they have approved. Never ask for a code.";

  /// Names a session of the older revisions.
  public static final String SESSION_HEADER = "Mcp-Session-Id";

  private static final int NO_SESSION = -31004;
  private static final int MAX_QUESTION = 64;

  private final Toolbox tools;
  private final Refusals refusals;
  private final GuardedRequests guarded;
  private final String version;
  private final CancelNews news;
  private final SessionCheck sessions;
  private final ClientSessions clientSessions;

  /// @param version of this server, as it tells clients
  public McpServer(
      Toolbox tools,
      GuardedCall calls,
      Refusals refusals,
      RequestStates states,
      String version,
      CallMeter meter,
      RunningCalls running,
      CancelNews news,
      SessionCheck sessions,
      ClientSessions clientSessions) {
    this.tools = tools;
    this.refusals = refusals;
    this.guarded = new GuardedRequests(calls, refusals, states, meter, running, clientSessions);
    this.clientSessions = clientSessions;
    this.version = version;
    this.news = news;
    this.sessions = sessions;
  }

  /// Answers one POST.
  ///
  /// @param live how the call learns that nobody waits any more
  public McpAnswer answer(Caller caller, McpHeaders headers, byte[] body, LiveRequest live) {
    Optional<JsonNode> id = Optional.empty();
    Era era = Era.MODERN;
    try {
      ObjectNode json = Envelope.json(body);
      id = Envelope.id(json);
      Optional<String> named = sessionOf(headers);
      if (named.isPresent() && isAnswer(json)) {
        return answered(caller, named.get(), json);
      }
      Envelope message = Envelope.read(json);
      era = Era.of(message, headers);
      era.check(message, headers);
      if (hasEnded(caller, message)) {
        refusals.record(caller.subject(), "bearer: the person's sessions were ended");
        return new McpAnswer.SignIn(message.id().orElse(StrictJson.object()));
      }
      Optional<ClientSession> session = Optional.empty();
      if (era == Era.LEGACY && named.isPresent() && !message.method().equals("initialize")) {
        session = clientSessions.find(named.get(), caller);
        if (session.isEmpty()) {
          return noSession(caller, id);
        }
      }
      if (message.id().isEmpty()) {
        return notified(caller, era, message);
      }
      var request =
          new GuardedRequests.Request(caller, era, message, message.id().get(), live, session);
      JsonNode parent = message.params().path("_meta").path(TraceContext.HEADER);
      String name = message.method().equals("tools/call") ? message.method() : "message";
      return Spans.continuing("gateway", name, parent.asString(""), () -> dispatch(request));
    } catch (McpRefusal refusal) {
      refusals.record(caller.subject(), refusal.description());
      return error(era, id, refusal);
    } catch (UnavailableException away) {
      throw away; // The edge answers 503.
    } catch (RuntimeException fault) {
      String correlation = Ids.base62(12);
      LOG.error("call failed, correlation {}", correlation, fault);
      refusals.record(caller.subject(), "internal error, correlation " + correlation);
      return error(
          era, id, new McpRefusal(INTERNAL_ERROR, "internal error, correlation " + correlation));
    }
  }

  /// The session that a request names, if it does.
  private static Optional<String> sessionOf(McpHeaders headers) {
    return headers.values(SESSION_HEADER).stream().findFirst();
  }

  private static boolean isAnswer(ObjectNode json) {
    return !json.has("method") && (json.has("result") || json.has("error"));
  }

  /// An answer to what the person was asked. Nothing in it approves anything; a refusal only ends
  /// the waiting.
  private McpAnswer answered(Caller caller, String named, ObjectNode json) {
    Optional<ClientSession> session = clientSessions.find(named, caller);
    if (session.isEmpty()) {
      return noSession(caller, Optional.empty());
    }
    JsonNode question = json.path("id");
    boolean isRefused = json.has("error") || Way.isDeclined(json.path("result"));
    if (isRefused && question.isString() && question.stringValue().length() <= MAX_QUESTION) {
      clientSessions.decline(session.get(), question.stringValue());
    }
    return new McpAnswer.Accepted();
  }

  private McpAnswer noSession(Caller caller, Optional<JsonNode> id) {
    refusals.record(caller.subject(), "there is no such session of this person and client");
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    id.ifPresent(value -> body.set("id", value));
    body.putObject("error").put("code", NO_SESSION).put("message", "there is no such session");
    return new McpAnswer.NoSession(body);
  }

  /// Ends a session of the older revisions.
  ///
  /// @return whether it was this caller's
  public boolean end(Caller caller, String session) {
    return clientSessions.end(session, caller);
  }

  /// Whether a session is this caller's.
  public boolean knows(Caller caller, String session) {
    return clientSessions.find(session, caller).isPresent();
  }

  /// Whether a kill has ended the sessions that the token belongs to. Where a person's own token is
  /// about to be exchanged, the exchange says so itself.
  private boolean hasEnded(Caller caller, Envelope message) {
    boolean isExchanged = caller instanceof Caller.Person && message.method().equals("tools/call");
    return !isExchanged && !sessions.isOpen(caller.presented());
  }

  /// Of all notifications one does something, and that one in the older revisions only: in the
  /// newest a client closes its stream instead.
  private McpAnswer notified(Caller caller, Era era, Envelope message) {
    if (era == Era.LEGACY && message.method().equals("notifications/cancelled")) {
      Envelope.usableId(message.params().path("requestId"))
          .ifPresent(id -> news.tell(RunningCalls.name(caller, StrictJson.write(id))));
    }
    return new McpAnswer.Accepted();
  }

  private McpAnswer dispatch(GuardedRequests.Request request) {
    Era era = request.era();
    JsonNode id = request.id();
    Envelope message = request.message();
    ObjectNode params = request.params();
    Material material = tools.tools().material();
    return switch (message.method()) {
      case "tools/list" -> listed(era, id, page(params, list()));
      case "tools/call" -> call(request);
      case "resources/list" -> listed(era, id, page(params, Reading.resources(material, true)));
      case "resources/templates/list" ->
          listed(era, id, page(params, Reading.resources(material, false)));
      case "resources/read" -> read(request);
      case "prompts/list" -> listed(era, id, page(params, Reading.prompts(material)));
      case "prompts/get" -> fill(request);
      case "completion/complete" -> result(era, id, Reading.completion(material, params));
      default ->
          switch (era) {
            case MODERN -> modern(message, id);
            case LEGACY -> legacy(request);
          };
    };
  }

  private McpAnswer modern(Envelope message, JsonNode id) {
    return switch (message.method()) {
      case "server/discover" -> listed(Era.MODERN, id, discovery());
      case "subscriptions/listen" -> listens(message.params(), id);
      default -> throw unknownMethod();
    };
  }

  private McpAnswer listens(ObjectNode params, JsonNode id) {
    JsonNode wanted = params.path("notifications");
    if (!wanted.isObject()) {
      throw new McpRefusal(INVALID_PARAMS, "`notifications` must be an object");
    }
    boolean isTold =
        wanted.path("toolsListChanged").asBoolean(false) && !tools.tools().servers().isEmpty();
    return new McpAnswer.Listens(new Subscription(Optional.of(id), isTold));
  }

  private McpAnswer legacy(GuardedRequests.Request request) {
    JsonNode id = request.id();
    return switch (request.message().method()) {
      case "initialize" -> initialize(request);
      case "logging/setLevel" -> {
        // The level lives in the session, and a client without one was offered no log.
        ClientSession session = request.session().orElseThrow(McpServer::unknownMethod);
        clientSessions.log(session, Notices.level(request.params().path("level")));
        yield success(id, StrictJson.object());
      }
      case "ping" -> success(id, StrictJson.object());
      default -> throw unknownMethod();
    };
  }

  private McpAnswer call(GuardedRequests.Request request) {
    JsonNode name = request.params().path("name");
    if (!name.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`name` must be a text");
    }
    ObjectNode sent = arguments(request.params());
    Tool tool =
        tools
            .find(name.stringValue())
            .orElseThrow(() -> new McpRefusal(INVALID_PARAMS, "unknown tool"));
    return answer(request, tool, sent, result -> result(request.era(), request.id(), result));
  }

  private McpAnswer read(GuardedRequests.Request request) {
    Era era = request.era();
    JsonNode id = request.id();
    Reading.Found found = Reading.resource(tools.tools().material(), era, request.params());
    return switch (found.resource().source()) {
      case Resource.Source.Text(String text) -> listed(era, id, Reading.text(found, text));
      case Resource.Source.Guarded(Tool tool) ->
          answer(
              request,
              tool,
              found.variables(),
              result ->
                  isError(result)
                      ? error(era, Optional.of(id), ToolAnswers.refusal(result))
                      : listed(era, id, Reading.contents(found, result)));
    };
  }

  private McpAnswer fill(GuardedRequests.Request request) {
    Era era = request.era();
    JsonNode id = request.id();
    Prompt prompt = Reading.prompt(tools.tools().material(), request.params());
    ObjectNode arguments = Reading.arguments(prompt, arguments(request.params()));
    return switch (prompt.source()) {
      case Prompt.Source.Messages messages -> {
        ObjectNode result = StrictJson.object();
        result.set("messages", messages.fill(arguments));
        yield result(era, id, result);
      }
      case Prompt.Source.Guarded(Tool tool) ->
          answer(
              request,
              tool,
              arguments,
              result ->
                  isError(result)
                      ? error(era, Optional.of(id), ToolAnswers.refusal(result))
                      : result(era, id, Reading.messages(result)));
    };
  }

  private static ObjectNode arguments(ObjectNode params) {
    JsonNode arguments = params.path("arguments");
    if (!arguments.isMissingNode() && !arguments.isObject()) {
      throw new McpRefusal(INVALID_PARAMS, "`arguments` must be an object");
    }
    return arguments instanceof ObjectNode object ? object : StrictJson.object();
  }

  private static boolean isError(ObjectNode result) {
    return result.path("isError").asBoolean(false);
  }

  /// Makes a guarded call and answers with it.
  ///
  /// @param ended shapes what a tool would answer
  private McpAnswer answer(
      GuardedRequests.Request request,
      Tool tool,
      ObjectNode arguments,
      Function<ObjectNode, McpAnswer> ended) {
    return switch (guarded.make(request, tool, arguments)) {
      case GuardedRequests.Outcome.TooMany _ -> ended.apply(ToolAnswers.tooMany());
      case GuardedRequests.Outcome.NeedsPage(McpRefusal refusal) ->
          error(request.era(), Optional.of(request.id()), refusal);
      case GuardedRequests.Outcome.AsksForInput(ObjectNode result) ->
          result(request.era(), request.id(), result);
      case GuardedRequests.Outcome.Ended(CallResult outcome) ->
          ToolAnswers.of(outcome).map(ended).orElseGet(() -> new McpAnswer.SignIn(request.id()));
    };
  }

  /// The message for a stream that has begun, where the status can no longer be chosen.
  public static ObjectNode streamed(McpAnswer answer) {
    return switch (answer) {
      case McpAnswer.Message(_, ObjectNode body) -> body;
      case McpAnswer.SignIn(JsonNode id) -> {
        ObjectNode result = ToolAnswers.signIn();
        result.put("resultType", "complete");
        yield envelope(id, "result", result);
      }
      case McpAnswer.Accepted _, McpAnswer.Listens _, McpAnswer.Opened _, McpAnswer.NoSession _ ->
          throw new IllegalArgumentException("nothing to send");
    };
  }

  /// The answer to a person with too many streams.
  public static McpAnswer tooManyStreams(Subscription subscription) {
    return error(
        Era.MODERN,
        subscription.id(),
        new McpRefusal(McpError.NOT_GIVEN, "too many streams of this person are open"));
  }

  /// The answer on a stream that has begun where the call failed without one.
  public static McpAnswer failed(LiveRequest live) {
    ObjectNode error = StrictJson.object().put("code", INTERNAL_ERROR.code());
    error.put("message", "something that this call needs is away");
    return new McpAnswer.Message(INTERNAL_ERROR.httpStatus(), envelope(live.id(), "error", error));
  }

  private static ObjectNode envelope(JsonNode id, String member, ObjectNode value) {
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    body.set("id", id);
    body.set(member, value);
    return body;
  }

  private ObjectNode discovery() {
    ObjectNode result = StrictJson.object();
    ArrayNode versions = result.putArray("supportedVersions");
    Era.VERSIONS.forEach(versions::add);
    result.set("capabilities", capabilities(Era.MODERN));
    result.put("instructions", INSTRUCTIONS);
    return result;
  }

  /// A client that can lead a person to an approval gets a session; nobody else needs one.
  private McpAnswer initialize(GuardedRequests.Request request) {
    ObjectNode result = initialization(request.params());
    Way way = Way.of(request.params().path("capabilities"));
    boolean hasPages = result.path("protocolVersion").asString("").equals(Era.NEWEST_LEGACY);
    if (way == Way.NONE || (way == Way.PAGE && !hasPages)) {
      return success(request.id(), result);
    }
    result.withObject("/capabilities").putObject("logging");
    return new McpAnswer.Opened(
        envelope(request.id(), "result", result), clientSessions.open(request.caller(), way));
  }

  private ObjectNode initialization(ObjectNode params) {
    JsonNode asked = params.path("protocolVersion");
    if (!asked.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`protocolVersion` must be a text");
    }
    String version =
        Era.LEGACY_VERSIONS.contains(asked.stringValue()) ? asked.stringValue() : Era.NEWEST_LEGACY;
    ObjectNode result = StrictJson.object();
    result.put("protocolVersion", version);
    result.set("capabilities", capabilities(Era.LEGACY));
    result.set("serverInfo", serverInfo());
    result.put("instructions", INSTRUCTIONS);
    return result;
  }

  private ObjectNode capabilities(Era era) {
    ObjectNode capabilities = StrictJson.object();
    if (era == Era.MODERN) {
      capabilities.putObject("logging");
    }
    capabilities.putObject("tools").put("listChanged", !tools.tools().servers().isEmpty());
    Material material = tools.tools().material();
    if (!material.resources().isEmpty()) {
      capabilities.putObject("resources");
    }
    if (!material.prompts().isEmpty()) {
      capabilities.putObject("prompts");
    }
    if (!material.equals(Material.NONE)) {
      capabilities.putObject("completions");
    }
    return capabilities;
  }

  private ObjectNode list() {
    ObjectNode result = StrictJson.object();
    ArrayNode list = result.putArray("tools");
    tools.tools().all().forEach(tool -> list.add(tool.definition()));
    return result;
  }

  /// The one page that there is.
  private static ObjectNode page(ObjectNode params, ObjectNode result) {
    if (params.has("cursor")) {
      throw new McpRefusal(INVALID_PARAMS, "`cursor` is none that was given out");
    }
    return result;
  }

  private ObjectNode serverInfo() {
    return StrictJson.object()
        .put("name", "countersign")
        .put("title", "Countersign")
        .put("version", version);
  }

  private static McpRefusal unknownMethod() {
    return new McpRefusal(METHOD_NOT_FOUND, "method not found");
  }

  /// A result that a client might cache: it must not, since it may differ by person.
  private McpAnswer listed(Era era, JsonNode id, ObjectNode result) {
    if (era == Era.MODERN) {
      result.put("ttlMs", 0).put("cacheScope", "private");
    }
    return result(era, id, result);
  }

  private McpAnswer result(Era era, JsonNode id, ObjectNode result) {
    if (era == Era.MODERN) {
      if (!result.has("resultType")) {
        result.put("resultType", "complete");
      }
      result.withObject("/_meta").set(Era.SERVER_KEY, serverInfo());
    }
    return success(id, result);
  }

  private static McpAnswer success(JsonNode id, ObjectNode result) {
    return new McpAnswer.Message(200, envelope(id, "result", result));
  }

  private static McpAnswer error(Era era, Optional<JsonNode> id, McpRefusal refusal) {
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    id.ifPresent(value -> body.set("id", value));
    ObjectNode error = body.putObject("error");
    error.put("code", refusal.error().code()).put("message", refusal.description());
    if (!refusal.data().isEmpty()) {
      error.set("data", refusal.data());
    }
    return new McpAnswer.Message(status(era, refusal.error()), body);
  }

  /// In the older revisions what a method answers is 200, errors too; only what never reached one
  /// is told by HTTP.
  private static int status(Era era, McpError error) {
    return switch (error) {
      case METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR ->
          era == Era.LEGACY ? 200 : error.httpStatus();
      case PARSE_ERROR,
          INVALID_REQUEST,
          HEADER_MISMATCH,
          UNSUPPORTED_VERSION,
          RESOURCE_NOT_FOUND,
          PAGE_NEEDED,
          NOT_GIVEN ->
          error.httpStatus();
    };
  }
}
