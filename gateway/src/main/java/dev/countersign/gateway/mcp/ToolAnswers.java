package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Approval;
import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.Cancellation;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// From the outcome of a call to the tool result that an agent reads: the one place where that is
/// decided.
final class ToolAnswers {
  private static final String META = "dev.countersign/";
  private static final int RETRY_SECONDS = 5;

  private ToolAnswers() {}

  /// The tool result, or empty where the answer is HTTP's 401.
  static Optional<ObjectNode> of(CallResult outcome) {
    return switch (outcome) {
      case CallResult.Completed(var structured, var trace) ->
          Optional.of(marked(result(StrictJson.write(structured), structured, false, trace)));
      case CallResult.Repeated(var structured, var trace) ->
          Optional.of(repeated(structured, trace));
      case CallResult.Carried(var carried, boolean repeated, var trace) ->
          Optional.of(carried(carried, repeated, trace));
      case CallResult.BadArguments(var problems) -> Optional.of(badArguments(problems));
      case CallResult.ApprovalRequired(var approval) -> Optional.of(approvalRequired(approval));
      // Only the REST twin passes codes on.
      case CallResult.WrongCode(var approval, _) -> Optional.of(approvalRequired(approval));
      case CallResult.Denied(var code, var reason, var reasons, var trace) ->
          Optional.of(denied(code, reason, reasons, trace));
      case CallResult.Unavailable(var trace) -> Optional.of(unavailable(trace));
      case CallResult.Failed(var code, var text, var trace) ->
          Optional.of(failed(code, text, trace));
      case CallResult.Cancelled(var reason, boolean isUnknown, var trace) ->
          Optional.of(cancelled(reason, isUnknown, trace));
      case CallResult.SignInRequired _ -> Optional.empty();
    };
  }

  /// The same for methods whose results cannot say that they failed.
  static McpRefusal refusal(ObjectNode result) {
    ObjectNode data = StrictJson.object();
    if (result.path("structuredContent") instanceof ObjectNode structured) {
      data.setAll(structured);
    }
    return new McpRefusal(
        McpError.NOT_GIVEN, result.path("content").path(0).path("text").asString(""), data);
  }

  /// The outcome in one word, for programs and metrics.
  static String status(CallResult outcome) {
    return switch (outcome) {
      case CallResult.Completed _ -> "completed";
      case CallResult.Repeated _ -> "repeated";
      case CallResult.Carried(var result, boolean repeated, _) ->
          repeated
              ? "repeated"
              : result.path("isError").asBoolean(false) ? "tool_error" : "completed";
      case CallResult.BadArguments _ -> "invalid_arguments";
      case CallResult.ApprovalRequired _ -> "approval_required";
      case CallResult.WrongCode _ -> "wrong_code";
      case CallResult.Denied _ -> "denied";
      case CallResult.Unavailable _ -> "unavailable";
      case CallResult.Failed _ -> "failed";
      case CallResult.Cancelled _ -> "cancelled";
      case CallResult.SignInRequired _ -> "sign_in_required";
    };
  }

  private static ObjectNode repeated(ObjectNode structured, Trace trace) {
    ObjectNode result = result(StrictJson.write(structured), structured, false, trace);
    result.withObject("/_meta").put(META + "repeated", true);
    return marked(result);
  }

  /// What came from outside is data, whatever it says: a host can tell it from our own words.
  private static ObjectNode marked(ObjectNode result) {
    result.withObject("/_meta").put(META + "content", "data");
    return result;
  }

  /// A server's own result, with our diagnostics in place of what looks like them.
  private static ObjectNode carried(ObjectNode carried, boolean repeated, Trace trace) {
    ObjectNode result = carried.deepCopy();
    result.put("resultType", "complete");
    JsonNode foreign = carried.path("_meta");
    diagnose(result, trace);
    ObjectNode meta = result.withObject("/_meta");
    for (var member : foreign.properties()) {
      boolean isReserved =
          member.getKey().startsWith(META)
              || member.getKey().startsWith("io.modelcontextprotocol/");
      if (!isReserved) {
        meta.set(member.getKey(), member.getValue());
      }
    }
    if (repeated) {
      meta.put(META + "repeated", true);
    }
    return marked(result);
  }

  private static ObjectNode badArguments(List<String> problems) {
    ObjectNode structured = statusOf("invalid_arguments");
    texts(structured.putArray("problems"), problems);
    return result(
        "the arguments do not fit this tool: " + String.join("; ", problems),
        structured,
        true,
        Trace.NONE);
  }

  /// The rung that every client can climb: where to approve, and to call again.
  private static ObjectNode approvalRequired(Approval approval) {
    ObjectNode structured = statusOf("approval_required");
    structured.put("approval_id", approval.id()).put("url", approval.page().toString());
    structured.put("expires_at", approval.expiresAt().toString());
    if (!approval.number().isEmpty()) {
      structured.put("number", approval.number());
    }
    String text =
        "This needs the approval of the person you act for: "
            + approval.message()
            + " Ask them to open "
            + approval.page()
            + " before "
            + approval.expiresAt()
            + " and to approve or deny it there"
            + (approval.number().isEmpty()
                ? ""
                : " (it shows the number " + approval.number() + ")")
            + "; the code they received belongs on that page only."
            + " Then call this tool again with the same arguments.";
    return result(text, structured, true, new Trace(approval.jti(), "", false));
  }

  private static ObjectNode denied(String code, String reason, List<String> reasons, Trace trace) {
    ObjectNode structured = statusOf("denied");
    structured.put("code", code).put("reason", reason).put("jti", trace.jti());
    texts(structured.putArray("reasons"), reasons);
    return result("denied (" + code + "): " + reason, structured, true, trace);
  }

  private static ObjectNode unavailable(Trace trace) {
    ObjectNode structured = statusOf("unavailable");
    structured.put("retry_after_seconds", RETRY_SECONDS);
    return result(
        "something that this call needs is away; nothing was done; try again later",
        structured,
        true,
        trace);
  }

  private static ObjectNode failed(String code, String text, Trace trace) {
    ObjectNode structured = statusOf("failed");
    structured.put("code", code).put("jti", trace.jti());
    return result(text, structured, true, trace);
  }

  private static ObjectNode cancelled(Cancellation.Reason reason, boolean isUnknown, Trace trace) {
    String code = reason.name().toLowerCase(Locale.ROOT);
    ObjectNode structured = statusOf("cancelled").put("code", code).put("jti", trace.jti());
    String why =
        switch (reason) {
          case CALLER_LEFT, CALLER_ASKED -> "the call was cancelled";
          case SESSION_ENDED ->
              "the sessions of the person you act for were ended while the call ran";
        };
    String effect =
        isUnknown
            ? "; whether it took effect is unknown: look before you repeat it"
            : "; it had no effect";
    return result(why + effect, structured, true, trace);
  }

  /// The answer to a person with too many calls at a time.
  static ObjectNode tooMany() {
    ObjectNode structured = statusOf("too_many_calls").put("retry_after_seconds", RETRY_SECONDS);
    return result(
        "too many calls run for the person you act for; nothing was done; wait for one to end",
        structured,
        true,
        Trace.NONE);
  }

  /// The answer on a stream that has begun, where 401 can no longer be said.
  static ObjectNode signIn() {
    return result(
        "the person you act for must sign in again; nothing was done",
        statusOf("sign_in_required"),
        true,
        Trace.NONE);
  }

  private static ObjectNode statusOf(String status) {
    return StrictJson.object().put("status", status);
  }

  private static void texts(ArrayNode array, List<String> texts) {
    texts.forEach(array::add);
  }

  private static ObjectNode result(
      String text, ObjectNode structured, boolean isError, Trace trace) {
    ObjectNode result = StrictJson.object();
    result.putArray("content").addObject().put("type", "text").put("text", text);
    result.set("structuredContent", structured);
    result.put("isError", isError);
    diagnose(result, trace);
    return result;
  }

  /// Adds what people's screens show of a call; nothing in it opens anything.
  static void diagnose(ObjectNode result, Trace trace) {
    ObjectNode meta = result.putObject("_meta");
    if (!trace.jti().isEmpty()) {
      meta.put(META + "jti", trace.jti());
    }
    if (!trace.leaseId().isEmpty()) {
      meta.put(META + "lease", trace.leaseId()).put(META + "revoked", trace.revoked());
    }
  }
}
