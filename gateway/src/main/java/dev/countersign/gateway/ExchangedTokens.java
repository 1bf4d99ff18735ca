package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.tools.KnownVersions;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.node.ObjectNode;

/// Pattern A: the person's token is exchanged at the STS for one that is for exactly this call.
/// Threads may share it.
public final class ExchangedTokens implements Authorizer {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  private final TokenExchange exchange;
  private final OboCheck obos;

  public ExchangedTokens(TokenExchange exchange, OboCheck obos) {
    this.exchange = exchange;
    this.obos = obos;
  }

  @Override
  public Authorization authorize(Ask ask, CallEntry entry) {
    return switch (ask.caller()) {
      case Caller.Person person -> new OneCall(person, ask, entry).run();
      case Caller.Agent _ -> {
        entry.refuse("gateway", "the person's own token is exchanged here, no other");
        yield new Authorization.Ended(new CallResult.SignInRequired());
      }
    };
  }

  /// One thread.
  private final class OneCall {
    private final Caller.Person person;
    private final Tool.Grant grant;
    private final AuthorizationDetails details;
    private final KnownVersions versions;
    private final Duration patience;
    private final Optional<Code> code;
    private final Cancellation cancellation;
    private final CallEntry entry;

    OneCall(Caller.Person person, Ask ask, CallEntry entry) {
      this.person = person;
      this.grant = ask.tool().grant();
      this.details = ask.details();
      this.versions = ask.tool().versions();
      this.patience = ask.patience();
      this.code = ask.code();
      this.cancellation = ask.cancellation();
      this.entry = entry;
    }

    Authorization run() {
      return go(exchange.exchange(person, grant, details));
    }

    private Authorization go(ExchangeResult result) {
      return switch (result) {
        case ExchangeResult.Issued(Secret token, String id) -> checked(token, id);
        case ExchangeResult.ApprovalNeeded(Approval approval) -> approve(approval);
        case ExchangeResult.Denied(String reason, String id, List<String> reasons) -> {
          entry.join(id);
          yield refused(
              "sts", reason, new CallResult.Denied("access_denied", reason, reasons, trace()));
        }
        case ExchangeResult.BadSubject(String reason, String id) -> {
          entry.join(id);
          yield refused("sts", "bearer: " + reason, new CallResult.SignInRequired());
        }
        case ExchangeResult.Refused(String code, String reason, String id) -> {
          entry.join(id);
          yield refused(
              "sts",
              code + ": " + reason,
              new CallResult.Failed(code, "the authorization service refused: " + reason, trace()));
        }
      };
    }

    private Authorization approve(Approval approval) {
      entry.join(approval.jti());
      return switch (answered(approval)) {
        case ApprovalState.Pending _ -> {
          ObjectNode data = StrictJson.object().put("outcome", "approval_required");
          entry.append(CALL_FINISHED, data.put("approval_id", approval.id()));
          yield new Authorization.Ended(new CallResult.ApprovalRequired(approval));
        }
        case ApprovalState.WrongCode(int left) ->
            refused("sts", "otp_invalid", new CallResult.WrongCode(approval, left));
        case ApprovalState.Refused(String why, String reason) ->
            refused("sts", why, new CallResult.Denied(why, reason, List.of(), trace()));
        case ApprovalState.Given(Secret assertion) ->
            redeemed(exchange.redeem(assertion, grant, details));
      };
    }

    /// A code counts for the approval that it was sent for, and for no other.
    private ApprovalState answered(Approval approval) {
      return code.filter(passed -> passed.approvalId().equals(approval.id()))
          .map(passed -> exchange.submit(approval, passed.text()))
          .orElseGet(() -> awaited(approval));
    }

    private ApprovalState awaited(Approval approval) {
      // Waiting is measured by the machine: no clock that may be set decides how long it is.
      long end = System.nanoTime() + patience.toNanos();
      ApprovalState state = exchange.look(approval);
      if (patience.isPositive()) {
        cancellation.lasts();
      }
      while (state instanceof ApprovalState.Pending
          && end - System.nanoTime() > 0
          && !cancellation.isCancelled()
          && !cancellation.isHurried()) {
        LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        if (Thread.currentThread().isInterrupted()) {
          return state; // the box closes
        }
        state = exchange.look(approval);
      }
      return state;
    }

    /// The approval was looked up once in this call; what the second leg asks for beyond it waits
    /// for the next call, so that no answer of the STS can make this a loop.
    private Authorization redeemed(ExchangeResult result) {
      if (result instanceof ExchangeResult.ApprovalNeeded(Approval again)) {
        entry.join(again.jti());
        return refused("sts", "another approval is needed", new CallResult.ApprovalRequired(again));
      }
      return go(result);
    }

    private Authorization checked(Secret token, String id) {
      entry.join(id);
      Optional<String> problem =
          obos.problem(token, id, person, new OboCheck.Wanted(details, versions, grant.audience()));
      return problem.isEmpty()
          ? new Authorization.Granted(token)
          : refused(
              "gateway",
              "on-behalf-of token: " + problem.get(),
              new CallResult.Failed(
                  "token_mismatch", "the authorization service's answer cannot be used", trace()));
    }

    private Authorization refused(String box, String reason, CallResult result) {
      entry.refuse(box, reason);
      return new Authorization.Ended(result);
    }

    private Trace trace() {
      return Trace.of(entry.jti());
    }
  }
}
