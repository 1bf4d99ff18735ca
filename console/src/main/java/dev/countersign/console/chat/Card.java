package dev.countersign.console.chat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.console.Redaction;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One tool call as a person sees it, as data for the page:
///
/// ```json
/// {"id": "…", "tool": "process_refund", "title": "Refund a customer", "arguments": {…},
///  "state": "done", "jti": "…", "login": "lived and ended", "result": {…}}
/// ```
///
/// `state` is `asked`, `waiting`, `done`, `refused`, `failed` or `cancelled`. No token can be in
/// it: every text passes [Redaction], and the outcome has none to begin with.
final class Card {
  private static final int LONGEST_RESULT = 20_000;
  private static final String DIAGNOSTICS = "dev.countersign/";

  private final ObjectNode data;

  Card(String id, Message.ToolCall call, String title, Instant at) {
    data = StrictJson.object().put("id", id).put("tool", call.tool()).put("title", title);
    data.set("arguments", call.arguments());
    data.put("state", "asked").put("at", at.toString());
  }

  /// The card as it stands.
  ObjectNode data() {
    return redacted(data);
  }

  /// What is known of a call that has ended or waits.
  ///
  /// @param box which box refused, as people call it; for refusals only
  ObjectNode show(CallOutcome outcome, String box, Instant now) {
    data.remove(List.of("approval", "text", "code", "reasons"));
    data.put("ended", now.toString());
    switch (outcome) {
      case CallOutcome.Done(String text, JsonNode structured, ObjectNode diagnostics) -> {
        data.put("state", "done");
        diagnose(diagnostics);
        put(text, structured);
      }
      case CallOutcome.ApprovalRequired approval -> await(approval);
      case CallOutcome.Denied(String reason, String code, String jti, List<String> reasons) -> {
        data.put("state", "refused").put("box", box).put("text", reason).put("code", code);
        putJti(jti);
        reasons.forEach(data.withArray("reasons")::add);
      }
      case CallOutcome.SignInRequired _ ->
          data.put("state", "refused")
              .put("box", box)
              .put("text", "Your sign-in is no longer accepted.");
      case CallOutcome.Failed(String code, String text, ObjectNode diagnostics) -> {
        data.put("state", "failed").put("code", code).put("text", text);
        diagnose(diagnostics);
      }
    }
    return data();
  }

  ObjectNode cancel(Instant now) {
    data.remove("approval");
    data.put("state", "cancelled").put("ended", now.toString());
    data.put("text", "You stopped this call. Whether it had begun is in its trace.");
    return data();
  }

  private void await(CallOutcome.ApprovalRequired approval) {
    data.put("state", "waiting");
    data.remove("ended");
    putJti(approval.jti());
    ObjectNode open = data.putObject("approval");
    open.put("id", approval.approvalId()).put("expires", approval.expiresAt().toString());
    open.put("number", approval.number());
    if (isWebAddress(approval.url())) {
      open.put("url", approval.url().toString());
    }
  }

  private void put(String text, JsonNode structured) {
    String json = StrictJson.write(structured);
    if (json.length() > LONGEST_RESULT) {
      data.put("text", "The result is too large for this page; the agent has it.");
    } else if (structured.isContainer()) {
      data.set("result", structured);
    } else {
      data.put("text", text.length() > LONGEST_RESULT ? text.substring(0, LONGEST_RESULT) : text);
    }
  }

  private void diagnose(ObjectNode diagnostics) {
    putJti(diagnostics.path(DIAGNOSTICS + "jti").asString(""));
    if (!diagnostics.path(DIAGNOSTICS + "lease").asString("").isEmpty()) {
      data.put(
          "login", diagnostics.path(DIAGNOSTICS + "revoked").asBoolean(false) ? "ended" : "ending");
    }
    if (diagnostics.path(DIAGNOSTICS + "repeated").asBoolean(false)) {
      data.put("repeated", true);
    }
  }

  private void putJti(String jti) {
    if (!jti.isEmpty()) {
      data.put("jti", jti);
    }
  }

  private static boolean isWebAddress(URI address) {
    return Set.of("http", "https").contains(String.valueOf(address.getScheme()))
        && address.getHost() != null;
  }

  private static ObjectNode redacted(ObjectNode card) {
    return StrictJson.parseObject(Redaction.redact(StrictJson.write(card)));
  }
}
