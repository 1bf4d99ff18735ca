package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Approval;
import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How a client can lead a person to an approval. Nothing secret is asked for in any of them, and
/// what comes back is no approval.
public enum Way {
  /// It opens the page.
  PAGE,
  /// It shows a form, whose message names the page; the form waits until the person says that they
  /// are done there.
  FORM,
  /// It has neither.
  NONE;

  private static final String DECISION = "decision";

  /// What a client declares.
  static Way of(JsonNode capabilities) {
    JsonNode elicitation = capabilities.path("elicitation");
    if (elicitation.path("url").isObject()) {
      return PAGE;
    }
    boolean hasForm =
        elicitation.isObject() && (elicitation.isEmpty() || elicitation.path("form").isObject());
    return hasForm ? FORM : NONE;
  }

  /// Whether the person does not want to approve now.
  static boolean isDeclined(JsonNode response) {
    JsonNode action = response.path("action");
    return (action.isString() && !action.stringValue().equals("accept"))
        || response.path("content").path(DECISION).asString("").equals("cancel");
  }

  /// The params of `elicitation/create`.
  ObjectNode ask(Approval approval) {
    ObjectNode params = StrictJson.object();
    switch (this) {
      case PAGE ->
          params
              .put("mode", "url")
              .put("url", approval.page().toString())
              .put(
                  "message",
                  approval.message()
                      + " Open the page to approve or deny it; the code you received belongs on"
                      + " that page only.");
      case FORM -> {
        params.put("mode", "form");
        params.put(
            "message",
            approval.message()
                + " Approve or deny it at "
                + approval.page()
                + ", then continue here. Never type a code into this form.");
        ObjectNode schema = params.putObject("requestedSchema").put("type", "object");
        ObjectNode decision = schema.putObject("properties").putObject(DECISION);
        decision.put("type", "string").put("title", "When you are done on that page");
        decision.putArray("enum").add("continue").add("cancel");
        schema.putArray("required").add(DECISION);
      }
      case NONE -> throw new IllegalStateException("such a client is not asked");
    }
    return params;
  }
}
