package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.ACCESS_DENIED;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Approvers;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Factor;
import dev.countersign.policy.StepUpOptions;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Ids;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.StepUps;
import dev.countersign.sts.stepup.Words;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Turns a decision to step up into a question to the person and an answer to the client.
///
/// Threads may share it.
final class Challenges {
  private final StepUps stepUps;
  private final CurrentPolicy policy;
  private final Tokens tokens;
  private final Outcomes outcomes;

  Challenges(StepUps stepUps, CurrentPolicy policy, Tokens tokens, Outcomes outcomes) {
    this.stepUps = stepUps;
    this.policy = policy;
    this.tokens = tokens;
    this.outcomes = outcomes;
  }

  ExchangeResult ask(
      Call call,
      TokenRequest request,
      Subject subject,
      Actor actor,
      Map<String, Attribute> facts,
      Decided decided,
      StepUpOptions options,
      Instant now) {
    if (!stepUps.canAsk(options)) {
      return outcomes.refused(
          call, ACCESS_DENIED, "step-up is needed by a factor that is not set up here");
    }
    // Where somebody else approves, no code for it may reach the person.
    Map<Factor, String> addresses =
        options.by().isEmpty() ? subject.deliveryAddresses(facts) : Map.of();
    Approval draft = draft(call, request, subject, facts, actor, decided.decision(), options, now);
    return switch (stepUps.open(draft, addresses)) {
      case StepUps.Asked.Waiting(Approval approval) -> asked(call, request, decided, approval, now);
      case StepUps.Asked.TooOften() ->
          outcomes.refused(
              call,
              ACCESS_DENIED,
              "step-up is needed, but the subject was asked too often; try later");
      case StepUps.Asked.NotReached(String reason) ->
          outcomes.refused(
              call,
              ACCESS_DENIED,
              addresses.isEmpty() && options.by().isEmpty()
                  ? "step-up is needed, but no address of the subject is known"
                  : "step-up is needed, but we " + reason.replace('•', '*'));
    };
  }

  private ExchangeResult asked(
      Call call, TokenRequest request, Decided decided, Approval approval, Instant now) {
    outcomes.append(
        LedgerEvent.EXCHANGE_STEP_UP,
        call.joined(approval.jti()),
        Outcomes.story(request, decided)
            .put("approval_id", approval.id())
            .put("code_sent", approval.isSent())
            .put("needs_another", approval.needsAnother()));
    return new ExchangeResult.StepUpRequired(
        approval.jti(),
        tokens.challenge(approval, now),
        tokens.lifeOf(approval.expiresAt()),
        approval,
        request.client().options().standardStepUp());
  }

  private static String requester(Subject subject, Map<String, Attribute> facts) {
    return subject.deliveryAddresses(facts).getOrDefault(Factor.EMAILOTP, subject.key());
  }

  private Approval draft(
      Call call,
      TokenRequest request,
      Subject subject,
      Map<String, Attribute> facts,
      Actor actor,
      Decision decision,
      StepUpOptions options,
      Instant now) {
    TypeRegistry types = policy.types();
    List<Approval.Line> lines =
        request.details().elements().stream()
            .map(element ->
                new Approval.Line(
                    types.amountLine(element).map(Words::plain).orElse(null),
                    Words.sentence(types.sentence(element))))
            .toList();
    return new Approval(
        Ids.random(),
        call.jti(),
        subject,
        actor,
        request.client().id(),
        Words.plain(request.client().displayName()),
        request.audience(),
        request.scope(),
        request.details(),
        decision.policyVersion(),
        lines,
        "",
        now,
        stepUps.expiry(now, options),
        options.factors(),
        options.useWithin(),
        options.by().stream().<Set<String>>map(Approvers::marks).toList(),
        options.by().isEmpty() ? subject.key() : requester(subject, facts),
        0,
        false,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }
}
