package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Approval;
import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.Cancellation;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// From the outcome of a call to the envelope and status of the REST twin: the one place where that
/// is decided.
final class RestAnswers {
  /// What a person's answer, or the lack of one, is called here.
  private static final Map<String, Integer> APPROVAL_ENDS =
      Map.of(
          "otp_expired", 400, "otp_locked", 400, "approval_expired", 400, "otp_not_accepted", 403);

  private RestAnswers() {}

  /// @param state the `requestState` for a call that waits for an approval
  static McpAnswer.Message of(CallResult outcome, Function<Approval, String> state) {
    return switch (outcome) {
      case CallResult.Completed(var structured, var trace) -> ok(structured, false, trace);
      case CallResult.Repeated(var structured, var trace) -> ok(structured, true, trace);
      case CallResult.Carried(var result, boolean repeated, var trace) ->
          carried(result, repeated, trace);
      case CallResult.BadArguments(var problems) -> badArguments(problems);
      case CallResult.ApprovalRequired(var approval) -> pending(approval, state.apply(approval));
      case CallResult.WrongCode(var approval, int left) ->
          wrongCode(approval, left, state.apply(approval));
      case CallResult.Denied(var code, var reason, var reasons, var trace) ->
          refused(code, reason, reasons, trace);
      case CallResult.SignInRequired _ ->
          error(401, "inactive_session", "the person must sign in again; nothing was done");
      case CallResult.Unavailable(var trace) ->
          error(
              503,
              "unavailable",
              "something that this call needs is away; nothing was done",
              trace);
      case CallResult.Failed(var code, var text, var trace) ->
          error(status(code), code, text, trace);
      case CallResult.Cancelled(var reason, boolean isUnknown, var trace) ->
          cancelled(reason, isUnknown, trace);
    };
  }

  static McpAnswer.Message error(int status, String code, String reason) {
    return error(status, code, reason, Trace.NONE);
  }

  static McpAnswer.Message denied(String reason, String text) {
    ObjectNode body = failure().put("denied", true).put("reason", reason);
    return message(403, body.put("error_description", text), Trace.NONE);
  }

  /// One call in a person's own audit.
  static ObjectNode record(LedgerRecord entry) {
    ObjectNode told = StrictJson.object().put("ts", entry.at().toString());
    told.put("userId", entry.subject()).put("tool", entry.data().path("tool").asString(""));
    told.put("decision", entry.data().path("outcome").asString("refused"));
    for (String member : List.of("box", "reason", "cancelled_by")) {
      String text = entry.data().path(member).asString("");
      if (!text.isEmpty()) {
        told.put(member, text);
      }
    }
    if (!entry.jti().isEmpty()) {
      told.put("oboJti", entry.jti());
    }
    String lease = entry.data().path("lease_id").asString("");
    if (!lease.isEmpty()) {
      told.put("leaseId", lease);
    }
    return told;
  }

  private static McpAnswer.Message ok(JsonNode data, boolean repeated, Trace trace) {
    ObjectNode body = StrictJson.object().put("ok", true);
    body.set("data", data);
    if (repeated) {
      body.put("repeated", true);
    }
    return message(200, body, trace);
  }

  /// A server's own result: what it structured, or else its first text, read as JSON where it is.
  private static McpAnswer.Message carried(ObjectNode result, boolean repeated, Trace trace) {
    JsonNode structured = result.path("structuredContent");
    JsonNode text = result.path("content").path(0).path("text");
    JsonNode data = structured.isMissingNode() ? read(text) : structured;
    if (result.path("isError").asBoolean(false)) {
      ObjectNode body = failure().put("error", "tool_error");
      body.set("data", data);
      return message(500, body, trace);
    }
    return ok(data, repeated, trace);
  }

  private static JsonNode read(JsonNode text) {
    try {
      return text.isString() ? StrictJson.parse(text.stringValue()) : StrictJson.object();
    } catch (MalformedJsonException plain) {
      return text;
    }
  }

  private static McpAnswer.Message badArguments(List<String> problems) {
    ObjectNode body = failure().put("error", "invalid_arguments");
    problems.forEach(body.putArray("problems")::add);
    return message(400, body, Trace.NONE);
  }

  private static McpAnswer.Message pending(Approval approval, String state) {
    ObjectNode body = failure().put("pending", true).put("txId", approval.id());
    body.put("requestState", state);
    ObjectNode push = body.putObject("pushInfo").put("method", "page");
    push.put("message", approval.message()).put("url", approval.page().toString());
    push.put("expiresAt", approval.expiresAt().toString());
    if (!approval.number().isEmpty()) {
      push.put("number", approval.number());
    }
    return message(202, body, Trace.of(approval.jti()));
  }

  private static McpAnswer.Message wrongCode(Approval approval, int left, String state) {
    ObjectNode body = failure().put("error", "otp_invalid").put("txId", approval.id());
    body.put("attemptsRemaining", left).put("requestState", state);
    return message(400, body, Trace.of(approval.jti()));
  }

  private static McpAnswer.Message refused(
      String code, String reason, List<String> reasons, Trace trace) {
    return switch (code) {
      case "approval_suspicious" ->
          message(401, failure().put("killed", true).put("reason", "suspicious"), trace);
      case "session_ended" -> error(401, "session_killed", reason, trace);
      case "access_denied" -> {
        ObjectNode body = failure().put("denied", true).put("error", code).put("reason", reason);
        reasons.forEach(body.putArray("reasons")::add);
        yield message(403, body, trace);
      }
      default -> {
        Integer status = APPROVAL_ENDS.get(code);
        yield status == null
            ? message(
                403,
                failure().put("denied", true).put("reason", code).put("error_description", reason),
                trace)
            : error(status, code.equals("approval_expired") ? "otp_expired" : code, reason, trace);
      }
    };
  }

  private static McpAnswer.Message cancelled(
      Cancellation.Reason reason, boolean isUnknown, Trace trace) {
    String effect = isUnknown ? "whether it took effect is unknown" : "it had no effect";
    return switch (reason) {
      case SESSION_ENDED -> error(401, "session_killed", effect, trace);
      case CALLER_LEFT, CALLER_ASKED -> error(500, "cancelled", effect, trace);
    };
  }

  /// A repeat of what runs, or ran with an unknown effect, is a conflict and no fault.
  private static int status(String code) {
    return code.equals("in_progress") || code.equals("unknown") ? 409 : 500;
  }

  private static McpAnswer.Message error(int status, String code, String reason, Trace trace) {
    return message(status, failure().put("error", code).put("error_description", reason), trace);
  }

  private static ObjectNode failure() {
    return StrictJson.object().put("ok", false);
  }

  private static McpAnswer.Message message(int status, ObjectNode body, Trace trace) {
    ObjectNode diagnostic = body.putObject("_diagnostic");
    if (!trace.jti().isEmpty()) {
      diagnostic.put("oboJti", trace.jti());
    }
    if (!trace.leaseId().isEmpty()) {
      diagnostic.putObject("cred").put("leaseId", trace.leaseId());
      diagnostic.put("credRevoked", trace.revoked());
    }
    return new McpAnswer.Message(status, body);
  }
}
