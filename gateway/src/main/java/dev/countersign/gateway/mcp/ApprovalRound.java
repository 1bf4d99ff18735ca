package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INVALID_PARAMS;

import dev.countersign.gateway.Approval;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One round of a step-up with a client that can send a person to a page: the call is answered with
/// `input_required`, and the client repeats it at once with the state it was given. That repeat is
/// held for a while, since the person is just then approving.
///
/// What the client returns only says that the person agreed to open the page. Whether they approved
/// is the token service's to know.
///
/// @param number 0 for the call itself, then counted up by its repeats
/// @param way how this round may be answered with `input_required`
/// @spec https://modelcontextprotocol.io/specification/2026-07-28 MCP 2026-07-28, elicitation
record ApprovalRound(int number, Way way) {
  private static final String KEY = "approval";

  /// Clients give up after ten rounds of their own.
  private static final int LAST = 8;

  static final Duration HOLD = Duration.ofSeconds(20);
  private static final ApprovalRound NONE = new ApprovalRound(0, Way.NONE);

  /// Reads the round of a call.
  ///
  /// @throws McpRefusal if its `requestState` is not one that was given out for it
  static ApprovalRound of(
      Era era, ObjectNode params, RequestStates states, RequestStates.Asked asked) {
    if (era != Era.MODERN) {
      return NONE;
    }
    JsonNode capabilities = params.path("_meta").path(Era.CAPABILITIES_KEY);
    Way way = Way.of(capabilities);
    JsonNode state = params.path("requestState");
    if (state.isMissingNode()) {
      return new ApprovalRound(0, way);
    }
    Optional<Integer> number =
        state.isString() ? states.round(state.stringValue(), asked) : Optional.empty();
    if (number.isEmpty()) {
      throw new McpRefusal(
          INVALID_PARAMS, "`requestState` is not one that was given out for this call");
    }
    return Way.isDeclined(params.path("inputResponses").path(KEY))
        ? NONE
        : new ApprovalRound(number.get(), number.get() < LAST ? way : Way.NONE);
  }

  /// Whether it may be answered so at all.
  boolean isOffered() {
    return way != Way.NONE;
  }

  /// How long this round waits for the person.
  Duration patience() {
    return number == 0 ? Duration.ZERO : HOLD;
  }

  /// The answer that asks for the next round.
  ObjectNode result(Approval approval, RequestStates states, RequestStates.Asked asked) {
    ObjectNode result = StrictJson.object().put("resultType", "input_required");
    ObjectNode request = result.putObject("inputRequests").putObject(KEY);
    request.put("method", "elicitation/create");
    request.set("params", way.ask(approval));
    result.put("requestState", states.issue(asked, number + 1));
    return result;
  }
}
