package dev.countersign.gateway.mcp;

import dev.countersign.gateway.Approval;
import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.GuardedCall;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.RunningCalls;
import dev.countersign.gateway.mcp.ClientSessions.ClientSession;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes the guarded calls behind `tools/call`, `resources/read` and `prompts/get`: one way for all
/// of them. Threads may share it.
final class GuardedRequests {
  private final GuardedCall calls;
  private final Refusals refusals;
  private final RequestStates states;
  private final CallMeter meter;
  private final RunningCalls running;
  private final ClientSessions sessions;

  GuardedRequests(
      GuardedCall calls,
      Refusals refusals,
      RequestStates states,
      CallMeter meter,
      RunningCalls running,
      ClientSessions sessions) {
    this.sessions = sessions;
    this.calls = calls;
    this.refusals = refusals;
    this.states = states;
    this.meter = meter;
    this.running = running;
  }

  /// One request that needs a guarded call.
  record Request(
      Caller caller,
      Era era,
      Envelope message,
      JsonNode id,
      LiveRequest live,
      Optional<ClientSession> session) {
    ObjectNode params() {
      return message.params();
    }
  }

  /// What came of it.
  sealed interface Outcome {
    /// It has ended, well or not.
    record Ended(CallResult result) implements Outcome {}

    /// The client is asked to send the person to approve, and to repeat the request.
    record AsksForInput(ObjectNode result) implements Outcome {}

    /// The person has not approved yet, and the client shows them the page.
    record NeedsPage(McpRefusal refusal) implements Outcome {}

    /// Too many calls of the person run at a time.
    record TooMany() implements Outcome {}
  }

  /// Makes it.
  ///
  /// @throws McpRefusal if its `requestState` is not one that was given out for it
  Outcome make(Request request, Tool tool, ObjectNode arguments) {
    Caller caller = request.caller;
    LiveRequest live = request.live;
    String what = request.message.method() + " " + tool.name();
    var asked = new RequestStates.Asked(caller.subject(), what, arguments);
    ApprovalRound round = ApprovalRound.of(request.era, request.params(), states, asked);
    Notices notices =
        Notices.of(
            request.era,
            request.params(),
            live,
            tool.name(),
            request.session.flatMap(ClientSession::logLevel));
    boolean isModern = request.era == Era.MODERN;
    live.calls(
        request.id, isModern || notices.areWanted() || request.session.isPresent(), isModern);
    String callName = RunningCalls.name(caller, StrictJson.write(request.id));
    Optional<RunningCalls.Running> begun = running.begin(caller, callName, live.cancellation());
    if (begun.isEmpty()) {
      refusals.record(caller.subject(), "too many calls of this person run at a time");
      return new Outcome.TooMany();
    }
    CallResult outcome;
    try (var _ = begun.get()) {
      outcome = run(request, tool, arguments, round.patience(), notices);
      if (outcome instanceof CallResult.ApprovalRequired(Approval approval)
          && request.session.isPresent()) {
        return asked(request, tool, arguments, approval, notices);
      }
    }
    meter.count(tool.name(), ToolAnswers.status(outcome));
    if (outcome instanceof CallResult.ApprovalRequired(var approval) && round.isOffered()) {
      ObjectNode result = round.result(approval, states, asked);
      ToolAnswers.diagnose(result, new CallResult.Trace(approval.jti(), "", false));
      return new Outcome.AsksForInput(result);
    }
    return new Outcome.Ended(outcome);
  }

  /// Holds the call while the client leads the person to the approval; then the call is made as if
  /// it came again.
  private Outcome asked(
      Request request, Tool tool, ObjectNode arguments, Approval approval, Notices notices) {
    CallResult outcome;
    try (var person =
        AskedPerson.ask(sessions, request.session.orElseThrow(), approval, request.live)) {
      outcome = run(request, tool, arguments, ApprovalRound.HOLD, notices);
      meter.count(tool.name(), ToolAnswers.status(outcome));
      boolean isPending = outcome instanceof CallResult.ApprovalRequired;
      if (!isPending) {
        person.done();
      }
      if (isPending && !person.hasDeclined() && request.session.get().way() == Way.PAGE) {
        return new Outcome.NeedsPage(person.refusal());
      }
    }
    return new Outcome.Ended(outcome);
  }

  private CallResult run(
      Request request, Tool tool, ObjectNode arguments, Duration patience, Notices notices) {
    return calls.run(
        request.caller,
        tool,
        arguments,
        patience,
        Optional.empty(),
        request.live.cancellation(),
        notices);
  }
}
