package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INTERNAL_ERROR;
import static dev.countersign.gateway.mcp.McpError.INVALID_PARAMS;
import static dev.countersign.gateway.mcp.McpError.METHOD_NOT_FOUND;

import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.GuardedCall;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Toolbox;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.util.Optional;
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

  private final Toolbox tools;
  private final GuardedCall calls;
  private final Refusals refusals;
  private final RequestStates states;
  private final String version;
  private final CallMeter meter;

  /// @param version of this server, as it tells clients
  public McpServer(
      Toolbox tools,
      GuardedCall calls,
      Refusals refusals,
      RequestStates states,
      String version,
      CallMeter meter) {
    this.tools = tools;
    this.calls = calls;
    this.refusals = refusals;
    this.states = states;
    this.version = version;
    this.meter = meter;
  }

  /// Answers one POST.
  public McpAnswer answer(Caller caller, McpHeaders headers, byte[] body) {
    Optional<JsonNode> id = Optional.empty();
    Era era = Era.MODERN;
    try {
      ObjectNode json = Envelope.json(body);
      id = Envelope.id(json);
      Envelope message = Envelope.read(json);
      era = Era.of(message, headers);
      era.check(message, headers);
      return message.id().isEmpty()
          ? new McpAnswer.Accepted()
          : dispatch(caller, era, message, message.id().get());
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

  private McpAnswer dispatch(Caller caller, Era era, Envelope message, JsonNode id) {
    return switch (era) {
      case MODERN ->
          switch (message.method()) {
            case "server/discover" -> listable(id, discovery());
            case "tools/list" -> listable(id, list(message.params()));
            case "tools/call" -> call(caller, era, message.params(), id);
            default -> throw unknownMethod();
          };
      case LEGACY ->
          switch (message.method()) {
            case "initialize" -> success(id, initialization(message.params()));
            case "ping" -> success(id, StrictJson.object());
            case "tools/list" -> success(id, list(message.params()));
            case "tools/call" -> call(caller, era, message.params(), id);
            default -> throw unknownMethod();
          };
    };
  }

  private McpAnswer call(Caller caller, Era era, ObjectNode params, JsonNode id) {
    JsonNode name = params.path("name");
    JsonNode arguments = params.path("arguments");
    if (!name.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`name` must be a text");
    }
    if (!arguments.isMissingNode() && !arguments.isObject()) {
      throw new McpRefusal(INVALID_PARAMS, "`arguments` must be an object");
    }
    Tool tool =
        tools
            .find(name.stringValue())
            .orElseThrow(() -> new McpRefusal(INVALID_PARAMS, "unknown tool"));
    ObjectNode sent = arguments instanceof ObjectNode object ? object : StrictJson.object();
    var asked = new RequestStates.Asked(caller.subject(), tool.name(), sent);
    ApprovalRound round = ApprovalRound.of(era, params, states, asked);
    CallResult outcome = calls.run(caller, tool, sent, round.patience());
    meter.count(tool.name(), ToolAnswers.status(outcome));
    if (outcome instanceof CallResult.ApprovalRequired(var approval) && round.isOffered()) {
      ObjectNode result = round.result(approval, states, asked);
      ToolAnswers.diagnose(result, new CallResult.Trace(approval.jti(), "", false));
      return result(era, id, result);
    }
    return ToolAnswers.of(outcome)
        .map(result -> result(era, id, result))
        .orElseGet(McpAnswer.SignIn::new);
  }

  private ObjectNode discovery() {
    ObjectNode result = StrictJson.object();
    ArrayNode versions = result.putArray("supportedVersions");
    Era.VERSIONS.forEach(versions::add);
    result.set("capabilities", capabilities());
    result.put("instructions", INSTRUCTIONS);
    return result;
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
    result.set("capabilities", capabilities());
    result.set("serverInfo", serverInfo());
    result.put("instructions", INSTRUCTIONS);
    return result;
  }

  private static ObjectNode capabilities() {
    ObjectNode capabilities = StrictJson.object();
    capabilities.putObject("tools").put("listChanged", false);
    return capabilities;
  }

  private ObjectNode list(ObjectNode params) {
    if (params.has("cursor")) {
      throw new McpRefusal(INVALID_PARAMS, "`cursor` is none that was given out");
    }
    ObjectNode result = StrictJson.object();
    ArrayNode list = result.putArray("tools");
    tools.tools().all().forEach(tool -> list.add(tool.definition()));
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

  /// A modern result that a client might cache: it must not, since it may differ by person.
  private McpAnswer listable(JsonNode id, ObjectNode result) {
    result.put("ttlMs", 0).put("cacheScope", "private");
    return result(Era.MODERN, id, result);
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
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    body.set("id", id);
    body.set("result", result);
    return new McpAnswer.Message(200, body);
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
      case PARSE_ERROR, INVALID_REQUEST, HEADER_MISMATCH, UNSUPPORTED_VERSION -> error.httpStatus();
    };
  }
}
