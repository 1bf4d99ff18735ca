package dev.countersign.agent;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient.WireFailure;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// An MCP client for one server. It takes the bearer with each call and keeps it nowhere, and never
/// repeats a call of its own accord. Threads may share it.
///
/// ```java
/// var client = new McpClient(new HttpTransport(URI.create("https://gateway.example/mcp")));
/// switch (client.callTool(bearer, "process_refund", arguments)) {
///   case CallOutcome.Done(var text, _, _) -> tellTheModel(text);
///   case CallOutcome.ApprovalRequired approval -> show(approval.url());
///   …
/// }
/// ```
public final class McpClient {
  private static final String META = "io.modelcontextprotocol/";
  private static final Pattern RESOURCE_METADATA =
      Pattern.compile("resource_metadata=\"([^\"]{1,2000})\"");

  private final Transport transport;
  private final Revision revision;
  private final AtomicLong nextId = new AtomicLong(1);

  /// A client of revision 2026-07-28.
  public McpClient(Transport transport) {
    this(transport, Revision.MODERN);
  }

  public McpClient(Transport transport, Revision revision) {
    this.transport = transport;
    this.revision = revision;
  }

  /// Opens the conversation where the revision has an opening; else asks the server to describe
  /// itself. Returns the server's own words.
  ///
  /// @throws UnavailableException if there is no usable answer
  public ObjectNode open(Secret bearer) {
    boolean modern = revision == Revision.MODERN;
    ObjectNode params = StrictJson.object();
    if (!modern) {
      params.put("protocolVersion", revision.version());
      params.putObject("capabilities");
      params.set("clientInfo", clientInfo());
    }
    String method = modern ? "server/discover" : "initialize";
    if (!(send(bearer, method, params) instanceof Reply.Result(ObjectNode result))) {
      throw new UnavailableException("the server does not open the conversation", null);
    }
    if (!modern) {
      ObjectNode notification = StrictJson.object().put("jsonrpc", "2.0");
      notification.put("method", "notifications/initialized");
      transport.post(
          bearer, headers("notifications/initialized", ""), StrictJson.write(notification));
    }
    return result;
  }

  /// Asks for the tools that this person may see.
  public ToolList listTools(Secret bearer) {
    return switch (send(bearer, "tools/list", StrictJson.object())) {
      case Reply.Result(ObjectNode result) -> {
        var tools = new ArrayList<ToolInfo>();
        for (JsonNode tool : result.path("tools")) {
          if (tool instanceof ObjectNode definition && tool.path("name").isString()) {
            tools.add(
                new ToolInfo(
                    tool.path("name").stringValue(),
                    tool.path("description").asString(""),
                    definition.deepCopy()));
          }
        }
        yield new ToolList.Listed(tools);
      }
      case Reply.SignIn(Optional<URI> metadata) -> new ToolList.SignInRequired(metadata);
      case Reply.Problem(_, String message) -> new ToolList.Failed(message);
    };
  }

  /// Calls a tool for the person whose bearer this is.
  public CallOutcome callTool(Secret bearer, String name, ObjectNode arguments) {
    return outcome(send(bearer, "tools/call", call(name, arguments)));
  }

  /// The same; but where the server asks for an approval on a page, in revision 2026-07-28, the
  /// person is shown the page and the server holds the call until they have answered there.
  ///
  /// @param longest for how long the call is repeated
  public CallOutcome callTool(
      Secret bearer, String name, ObjectNode arguments, ApprovalPrompt prompt, Duration longest) {
    long end = System.nanoTime() + longest.toNanos();
    Reply reply = send(bearer, "tools/call", declaringPages(call(name, arguments)));
    while (reply instanceof Reply.Result(ObjectNode result)
        && page(result).isPresent()
        && end - System.nanoTime() > 0
        && !Thread.currentThread().isInterrupted()) {
      JsonNode asked = result.path("inputRequests");
      String key = asked.propertyNames().iterator().next();
      prompt.show(page(result).get(), asked.path(key).path("params").path("message").asString(""));
      ObjectNode params = declaringPages(call(name, arguments));
      params.set("requestState", result.path("requestState"));
      params.putObject("inputResponses").putObject(key).put("action", "accept");
      reply = send(bearer, "tools/call", params);
    }
    boolean isStillAsked = reply instanceof Reply.Result(ObjectNode last) && page(last).isPresent();
    return isStillAsked ? callTool(bearer, name, arguments) : outcome(reply);
  }

  private static ObjectNode call(String name, ObjectNode arguments) {
    ObjectNode params = StrictJson.object().put("name", name);
    params.set("arguments", arguments.deepCopy());
    return params;
  }

  private static ObjectNode declaringPages(ObjectNode params) {
    params
        .putObject("_meta")
        .putObject(META + "clientCapabilities")
        .putObject("elicitation")
        .putObject("url");
    return params;
  }

  /// The page that a server's one question asks a person to open, if that is its question.
  private static Optional<URI> page(ObjectNode result) {
    JsonNode asked = result.path("inputRequests");
    if (!"input_required".equals(result.path("resultType").asString(""))
        || !result.path("requestState").isString()
        || asked.size() != 1) {
      return Optional.empty();
    }
    JsonNode params = asked.iterator().next().path("params");
    String url = params.path("url").asString("");
    try {
      return "url".equals(params.path("mode").asString("")) && url.matches("https?://.+")
          ? Optional.of(URI.create(url))
          : Optional.empty();
    } catch (IllegalArgumentException malformed) {
      return Optional.empty();
    }
  }

  private static CallOutcome outcome(Reply reply) {
    return switch (reply) {
      case Reply.Result(ObjectNode result) -> outcome(result);
      case Reply.SignIn(Optional<URI> metadata) -> new CallOutcome.SignInRequired(metadata);
      case Reply.Problem(String code, String message) ->
          new CallOutcome.Failed(code, message, StrictJson.object());
    };
  }

  private static CallOutcome outcome(ObjectNode result) {
    String text = text(result);
    JsonNode structured = result.path("structuredContent");
    ObjectNode diagnostics = diagnostics(result);
    if (!"complete".equals(result.path("resultType").asString("complete"))) {
      return new CallOutcome.Failed(
          "unsupported_result", "the server asks for what this client cannot do", diagnostics);
    }
    if (!result.path("isError").asBoolean(false)) {
      return new CallOutcome.Done(
          text,
          structured.isMissingNode() ? JsonNodeFactory.instance.nullNode() : structured,
          diagnostics);
    }
    String status = structured.path("status").asString("failed");
    return switch (status) {
      case "approval_required" -> approval(structured, text, diagnostics);
      case "denied" -> denied(structured, text);
      case "sign_in_required" -> new CallOutcome.SignInRequired(Optional.empty());
      default ->
          new CallOutcome.Failed(structured.path("code").asString(status), text, diagnostics);
    };
  }

  private static CallOutcome approval(JsonNode structured, String text, ObjectNode diagnostics) {
    try {
      return new CallOutcome.ApprovalRequired(
          URI.create(structured.path("url").asString("")),
          structured.path("approval_id").asString(""),
          structured.path("number").asString(""),
          Instant.parse(structured.path("expires_at").asString("")),
          text,
          diagnostics.path("dev.countersign/jti").asString(""));
    } catch (IllegalArgumentException | DateTimeParseException malformed) {
      return new CallOutcome.Failed("malformed_answer", text, diagnostics);
    }
  }

  private static CallOutcome denied(JsonNode structured, String text) {
    var reasons = new ArrayList<String>();
    structured.path("reasons").forEach(reason -> reasons.add(reason.asString("")));
    return new CallOutcome.Denied(
        structured.path("reason").asString(text),
        structured.path("code").asString(""),
        structured.path("jti").asString(""),
        reasons);
  }

  private static String text(ObjectNode result) {
    var text = new StringBuilder();
    for (JsonNode part : result.path("content")) {
      if ("text".equals(part.path("type").asString(""))) {
        text.append(text.isEmpty() ? "" : "\n").append(part.path("text").asString(""));
      }
    }
    return text.toString();
  }

  private static ObjectNode diagnostics(ObjectNode result) {
    ObjectNode own = StrictJson.object();
    result
        .path("_meta")
        .properties()
        .forEach(member -> {
          if (member.getKey().startsWith("dev.countersign/")) {
            own.set(member.getKey(), member.getValue());
          }
        });
    return own;
  }

  private sealed interface Reply {
    record Result(ObjectNode result) implements Reply {}

    record SignIn(Optional<URI> metadata) implements Reply {}

    record Problem(String code, String message) implements Reply {}
  }

  private Reply send(Secret bearer, String method, ObjectNode params) {
    long id = nextId.getAndIncrement();
    if (revision == Revision.MODERN) {
      ObjectNode meta = params.withObject("/_meta");
      meta.put(META + "protocolVersion", revision.version());
      meta.set(META + "clientInfo", clientInfo());
      if (!meta.has(META + "clientCapabilities")) {
        meta.putObject(META + "clientCapabilities");
      }
    }
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0").put("id", id);
    message.put("method", method).set("params", params);
    Transport.Answer answer;
    try {
      answer =
          transport.post(
              bearer, headers(method, params.path("name").asString("")), StrictJson.write(message));
    } catch (UnavailableException away) {
      if (away instanceof WireFailure failure && failure.isTooLarge()) {
        return new Reply.Problem("too_large", "the server's answer is too large; ask for less");
      }
      takeBackIfInterrupted(bearer, id);
      return new Reply.Problem(
          "unavailable", "the server is away; whether the call ran is unknown");
    }
    return read(answer, id);
  }

  /// Tells a server of the older revisions that nobody waits for an answer any more; in the newest,
  /// hanging up has said so.
  private void takeBackIfInterrupted(Secret bearer, long id) {
    if (revision == Revision.MODERN || !Thread.interrupted()) {
      return;
    }
    String method = "notifications/cancelled";
    ObjectNode note = StrictJson.object().put("jsonrpc", "2.0").put("method", method);
    note.putObject("params").put("requestId", id);
    try {
      transport.post(bearer, headers(method, ""), StrictJson.write(note));
    } catch (UnavailableException away) {
      return; // the call ends by its own limits then
    } finally {
      Thread.currentThread().interrupt();
    }
  }

  private static Reply read(Transport.Answer answer, long id) {
    if (answer.status() == 401) {
      return new Reply.SignIn(answer.challenge().flatMap(McpClient::metadata));
    }
    ObjectNode body;
    try {
      body = StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException malformed) {
      return new Reply.Problem(
          answer.status() == 503 ? "unavailable" : "http_" + answer.status(),
          "the server answers " + answer.status());
    }
    if (body.path("error").isObject()) {
      JsonNode error = body.path("error");
      return new Reply.Problem(
          "rpc_" + error.path("code").asInt(0), error.path("message").asString("error"));
    }
    if (answer.status() == 200
        && body.path("id").asLong(-1) == id
        && body.path("result") instanceof ObjectNode result) {
      return new Reply.Result(result);
    }
    return new Reply.Problem(
        body.path("error").asString("http_" + answer.status()),
        body.path("error_description").asString("the server answers " + answer.status()));
  }

  private static Optional<URI> metadata(String challenge) {
    Matcher matcher = RESOURCE_METADATA.matcher(challenge);
    try {
      return matcher.find() ? Optional.of(URI.create(matcher.group(1))) : Optional.empty();
    } catch (IllegalArgumentException malformed) {
      return Optional.empty();
    }
  }

  private Map<String, String> headers(String method, String name) {
    var headers = new HashMap<String, String>();
    if (!method.equals("initialize")) {
      headers.put("MCP-Protocol-Version", revision.version());
    }
    if (revision == Revision.MODERN) {
      headers.put("Mcp-Method", method);
      if (method.equals("tools/call")) {
        headers.put("Mcp-Name", headerValue(name));
      }
    }
    return headers;
  }

  /// A name that is no plain header value travels as base64, as the specification says.
  private static String headerValue(String name) {
    boolean plain =
        name.chars().allMatch(c -> c > 0x20 && c < 0x7f)
            && !name.isEmpty()
            && !name.startsWith("=?base64?");
    return plain
        ? name
        : "=?base64?"
            + Base64.getEncoder().encodeToString(name.getBytes(StandardCharsets.UTF_8))
            + "?=";
  }

  private static ObjectNode clientInfo() {
    return StrictJson.object().put("name", "countersign-agent").put("version", "0.1.0");
  }
}
