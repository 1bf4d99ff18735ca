package dev.countersign.gateway.mcp;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;
import static dev.countersign.ledger.LedgerEvent.CALL_REFUSED;

import dev.countersign.gateway.Authorizer;
import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.GuardedCall;
import dev.countersign.gateway.Progress;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.RunningCalls;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.ParkedCalls.Opened;
import dev.countersign.gateway.mcp.ParkedCalls.Parked;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Toolbox;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.OwnEntries;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The same guarded calls for programs that are no MCP clients: plain JSON in, an envelope out. The
/// checks, limits and refusals are those of `/mcp`, by the same [GuardedCall]; only the wording
/// differs. Threads may share it.
public final class RestTwin {
  private static final Duration HOLD = Duration.ofSeconds(20);
  private static final int MAX_CODE = 64;
  private static final int MAX_RECORDS = 200;
  private static final Set<LedgerEvent> ENDS = Set.of(CALL_FINISHED, CALL_REFUSED);

  private final Toolbox tools;
  private final GuardedCall calls;
  private final Refusals refusals;
  private final ParkedCalls parked;
  private final CallMeter meter;
  private final RunningCalls running;
  private final SessionCheck sessions;
  private final OwnEntries own;

  /// @param secret what all replicas of this gateway share and nobody else knows
  public RestTwin(
      Toolbox tools,
      GuardedCall calls,
      Refusals refusals,
      Secret secret,
      CallMeter meter,
      RunningCalls running,
      SessionCheck sessions,
      OwnEntries own,
      InstantSource clock) {
    this.tools = tools;
    this.calls = calls;
    this.refusals = refusals;
    this.parked = new ParkedCalls(secret, clock);
    this.meter = meter;
    this.running = running;
    this.sessions = sessions;
    this.own = own;
  }

  /// `POST /tool`: `{name, arguments}`, or as older programs write it `{toolName, args}`.
  ///
  /// @throws WireException if the body is malformed
  public McpAnswer.Message tool(Caller caller, ObjectNode body, LiveRequest live) {
    onlyMembers(body, List.of("name", "toolName", "arguments", "args"));
    JsonNode name = either(body, "name", "toolName");
    JsonNode arguments = either(body, "arguments", "args");
    if (!name.isString() || name.stringValue().isEmpty()) {
      refusals.record(caller.subject(), "no tool is named");
      return RestAnswers.error(400, "missing_name", "`name` must name a tool");
    }
    if (!arguments.isMissingNode() && !arguments.isObject()) {
      throw new WireException(OAuthError.INVALID_REQUEST, "`arguments` must be an object");
    }
    ObjectNode sent = arguments instanceof ObjectNode object ? object : StrictJson.object();
    return call(caller, name.stringValue(), sent, Duration.ZERO, Optional.empty(), live);
  }

  /// `POST /hitl/complete`: `{txId, requestState, otp?}`. Without a code it waits for a while for
  /// the person, who approves on the approval page.
  ///
  /// @throws WireException if the body is malformed
  public McpAnswer.Message complete(Caller caller, ObjectNode body, LiveRequest live) {
    onlyMembers(body, List.of("txId", "requestState", "otp"));
    String id = text(body, "txId");
    String state = text(body, "requestState");
    Optional<Secret> code =
        body.has("otp") ? Optional.of(new Secret(code(body))) : Optional.empty();
    return switch (parked.open(caller, state)) {
      case Opened.Known(Parked call) when call.approvalId().equals(id) ->
          call(
              caller,
              call.tool(),
              call.arguments(),
              code.isPresent() ? Duration.ZERO : HOLD,
              code.map(text -> new Authorizer.Code(id, text)),
              live);
      case Opened.Known _, Opened.Invalid _ ->
          refused(caller, 403, "invalid_request_state", "it is not the one given out for `txId`");
      case Opened.Foreign _ -> refused(caller, 403, "forbidden", "it is another caller's");
      case Opened.Expired _ ->
          refused(caller, 500, "unknown_or_expired_tx", "its time is over; call the tool again");
    };
  }

  /// `GET /me/audit`: the caller's own calls and how they ended, newest first.
  ///
  /// @param limit as it stands in the query
  /// @throws WireException if it is no number from 1 to 200
  public McpAnswer.Message audit(Caller caller, String limit) {
    if (!limit.matches("[1-9][0-9]{0,2}") || Integer.parseInt(limit) > MAX_RECORDS) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "`limit` must be a number from 1 to " + MAX_RECORDS);
    }
    if (!sessions.isOpen(caller.presented())) {
      return refused(caller, 401, "session_killed", "the person's sessions were ended");
    }
    ObjectNode body = StrictJson.object();
    ArrayNode records = body.putArray("records");
    own.of(caller.subject(), ENDS, Integer.parseInt(limit))
        .forEach(record -> records.add(RestAnswers.record(record)));
    return new McpAnswer.Message(200, body);
  }

  /// `GET /me/session-status`.
  public McpAnswer.Message status(Caller caller) {
    ObjectNode body = StrictJson.object();
    try {
      return switch (sessions.look(caller.presented())) {
        case SessionCheck.Standing.Open(String mail) -> {
          body.put("active", true).put("sub", caller.subject());
          if (!mail.isEmpty()) {
            body.put("email", mail);
          }
          yield new McpAnswer.Message(200, body);
        }
        case SessionCheck.Standing.Ended _ ->
            new McpAnswer.Message(401, body.put("active", false).put("reason", "session_killed"));
      };
    } catch (UnavailableException away) {
      return new McpAnswer.Message(503, body.put("error", "verify_unreachable"));
    }
  }

  /// An own token is about to be exchanged, which says by itself whether the person's sessions were
  /// ended; one that was exchanged already is asked about.
  private McpAnswer.Message call(
      Caller caller,
      String name,
      ObjectNode sent,
      Duration patience,
      Optional<Authorizer.Code> code,
      LiveRequest live) {
    if (caller instanceof Caller.Agent && !sessions.isOpen(caller.presented())) {
      return refused(caller, 401, "session_killed", "the person's sessions were ended");
    }
    Optional<Tool> tool = tools.find(name);
    if (tool.isEmpty()) {
      refusals.record(caller.subject(), "unknown tool");
      return RestAnswers.denied("unknown_tool", "there is no such tool");
    }
    JsonNode id = StrictJson.object().put("rest", Ids.random()).path("rest");
    live.calls(id, false, false);
    Optional<RunningCalls.Running> begun =
        running.begin(caller, RunningCalls.name(caller, StrictJson.write(id)), live.cancellation());
    if (begun.isEmpty()) {
      return refused(caller, 429, "too_many_calls", "too many calls run for this person");
    }
    CallResult outcome;
    try (var _ = begun.get()) {
      outcome =
          calls.run(
              caller, tool.get(), sent, patience, code, live.cancellation(), Progress.UNHEARD);
    }
    meter.count(name, ToolAnswers.status(outcome));
    return RestAnswers.of(
        outcome,
        approval ->
            parked.park(caller, new Parked(approval.id(), name, sent, approval.expiresAt())));
  }

  private McpAnswer.Message refused(Caller caller, int status, String code, String reason) {
    refusals.record(caller.subject(), code + ": " + reason);
    return RestAnswers.error(status, code, reason);
  }

  private static void onlyMembers(ObjectNode body, List<String> known) {
    body.propertyNames()
        .forEach(member -> {
          if (!known.contains(member)) {
            throw new WireException(
                OAuthError.INVALID_REQUEST,
                "only " + String.join(", ", known) + " may be members of the body");
          }
        });
  }

  private static JsonNode either(ObjectNode body, String name, String older) {
    if (body.has(name) && body.has(older)) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "`" + name + "` and `" + older + "` are one; send one");
    }
    return body.has(name) ? body.path(name) : body.path(older);
  }

  private static String code(ObjectNode body) {
    String code = text(body, "otp");
    if (code.length() > MAX_CODE) {
      throw new WireException(OAuthError.INVALID_REQUEST, "`otp` is too long");
    }
    return code;
  }

  private static String text(ObjectNode body, String member) {
    JsonNode value = body.path(member);
    if (!value.isString() || value.stringValue().isEmpty()) {
      throw new WireException(OAuthError.INVALID_REQUEST, "`" + member + "` must be a text");
    }
    return value.stringValue();
  }
}
