package dev.countersign.console.chat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.console.Redaction;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One tool call as a person sees it, told to the pages with each change, as data:
///
/// ```json
/// {"id": "…", "tool": "process_refund", "title": "Refund a customer", "arguments": {…},
///  "state": "done", "jti": "…", "result": {…},
///  "login": {"user": "cs_…", "from": "2026-01-01T12:00:00Z", "until": "2026-01-01T12:00:00.04Z"}}
/// ```
///
/// `state` is `asked`, `decided`, `waiting`, `done`, `refused`, `failed` or `cancelled`. A `login`
/// without `until` exists at this moment. No token can be in it: every text passes [Redaction], and
/// the outcome has none to begin with. Threads may share it.
final class Card {
  private static final int LONGEST_RESULT = 20_000;
  private static final String DIAGNOSTICS = "dev.countersign/";

  private final Conversation conversation;
  private final ObjectNode data;
  private boolean isOver;

  /// Tells the pages that the model asks for a call.
  Card(Conversation conversation, String id, Message.ToolCall call, String title, Instant at) {
    this.conversation = conversation;
    data = StrictJson.object().put("id", id).put("tool", call.tool()).put("title", title);
    data.set("arguments", call.arguments());
    data.put("state", "asked").put("at", at.toString());
    tell();
  }

  /// What the boxes have written of the call so far, while it runs and for its login also after.
  synchronized void follow(List<LedgerRecord> records) {
    ObjectNode before = data.deepCopy();
    for (LedgerRecord record : records) {
      switch (record.event()) {
        case "exchange-permitted" -> {
          if (!isOver) {
            data.put("state", "decided");
            putJti(record.jti());
          }
        }
        case "lease-minted" -> {
          ObjectNode login = StrictJson.object();
          login.put("user", record.data().path("user").asString(""));
          data.set("login", login.put("from", record.at().toString()));
        }
        case "lease-revoked" -> {
          if (data.path("login") instanceof ObjectNode login) {
            login.put("until", record.at().toString());
          }
        }
        default -> {
          // The trace tells the rest.
        }
      }
    }
    if (!data.equals(before)) {
      tell();
    }
  }

  /// The call's id, or empty while it is not known.
  synchronized Optional<String> jti() {
    return Optional.of(data.path("jti").asString("")).filter(jti -> !jti.isEmpty());
  }

  /// Whether a login made for the call exists, as far as is known.
  synchronized boolean hasLogin() {
    return data.has("login") && !data.path("login").has("until");
  }

  /// A call that has ended, or waits for the person.
  ///
  /// @param box which box refused, as people call it; for refusals only
  synchronized void show(CallOutcome outcome, String box, Instant now) {
    data.remove(List.of("approval", "text", "code", "reasons"));
    data.put("ended", now.toString());
    isOver = true;
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
    tell();
  }

  /// A call that is no longer waited for.
  ///
  /// @param why for the person
  synchronized void cancel(String why, Instant now) {
    isOver = true;
    data.remove("approval");
    data.put("state", "cancelled").put("ended", now.toString()).put("text", why);
    tell();
  }

  private void await(CallOutcome.ApprovalRequired approval) {
    isOver = false;
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
    if (!diagnostics.path(DIAGNOSTICS + "lease").asString("").isEmpty() && !data.has("login")) {
      data.putObject("login"); // named by the ledger, where that is to be had
    }
    if (data.path("login") instanceof ObjectNode login
        && !login.has("until")
        && diagnostics.path(DIAGNOSTICS + "revoked").asBoolean(false)) {
      login.set("until", data.path("ended"));
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

  private void tell() {
    conversation.replace("card", StrictJson.parseObject(Redaction.redact(StrictJson.write(data))));
  }
}
