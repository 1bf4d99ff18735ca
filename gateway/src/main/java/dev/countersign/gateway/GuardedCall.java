package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;
import static dev.countersign.ledger.LedgerEvent.CALL_REFUSED;
import static dev.countersign.ledger.LedgerEvent.STATEMENT_RUN;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.tools.ArgumentCheck;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// One guarded tool call: arguments, authorization details, exchange, login, statement, and the end
/// of the login in every outcome. Threads may share it.
public final class GuardedCall {
  private static final StatementResult BROKEN =
      new StatementResult.Failed(StatementResult.Cause.BROKEN, "");

  private final TokenExchange exchange;
  private final OboCheck obos;
  private final CredentialBroker broker;
  private final StatementRunner statements;
  private final Ledger ledger;

  public GuardedCall(
      TokenExchange exchange,
      OboCheck obos,
      CredentialBroker broker,
      StatementRunner statements,
      Ledger ledger) {
    this.exchange = exchange;
    this.obos = obos;
    this.broker = broker;
    this.statements = statements;
    this.ledger = ledger;
  }

  /// Makes one call. How it ended is in the ledger before this returns.
  ///
  /// @param sent the arguments as they came, the one source of everything that follows
  public CallResult run(Caller caller, Tool tool, ObjectNode sent) {
    return switch (tool.check(sent)) {
      case ArgumentCheck.Invalid(List<String> problems) -> badArguments(caller, tool, problems);
      case ArgumentCheck.Valid(ObjectNode arguments) -> {
        AuthorizationDetails details;
        try {
          details = tool.details(arguments);
        } catch (WireException unusable) {
          yield badArguments(caller, tool, List.of(unusable.description()));
        }
        yield new OneCall(caller, tool, arguments, details).run();
      }
    };
  }

  private CallResult badArguments(Caller caller, Tool tool, List<String> problems) {
    refuse(caller, tool, "", "gateway", "the arguments do not fit the tool");
    return new CallResult.BadArguments(problems);
  }

  private void refuse(Caller caller, Tool tool, String jti, String box, String reason) {
    ObjectNode data = StrictJson.object();
    data.put("tool", tool.name()).put("box", box).put("reason", reason);
    ledger.append(new LedgerEntry(CALL_REFUSED, jti, caller.subject(), data));
  }

  /// A call whose arguments are checked. One thread.
  private final class OneCall {
    private final Caller caller;
    private final Tool tool;
    private final ObjectNode arguments;
    private final AuthorizationDetails details;
    private String jti = "";

    OneCall(Caller caller, Tool tool, ObjectNode arguments, AuthorizationDetails details) {
      this.caller = caller;
      this.tool = tool;
      this.arguments = arguments;
      this.details = details;
    }

    CallResult run() {
      try {
        return go(exchange.exchange(caller, tool.grant().scope(), details));
      } catch (Ledger.LedgerAway away) {
        throw away;
      } catch (UnavailableException away) {
        refuse(caller, tool, jti, "gateway", "unavailable: " + away.getMessage());
        return new CallResult.Unavailable(Trace.of(jti));
      }
    }

    private CallResult go(ExchangeResult result) {
      return switch (result) {
        case ExchangeResult.Issued(Secret token, String id) -> checked(token, id);
        case ExchangeResult.ApprovalNeeded(Approval approval) -> approve(approval);
        case ExchangeResult.Denied(String reason, String id, List<String> reasons) -> {
          refuse(caller, tool, id, "sts", reason);
          yield new CallResult.Denied("access_denied", reason, reasons, Trace.of(id));
        }
        case ExchangeResult.BadSubject(String reason, String id) -> {
          refuse(caller, tool, id, "sts", "bearer: " + reason);
          yield new CallResult.SignInRequired();
        }
        case ExchangeResult.Refused(String code, String reason, String id) -> {
          refuse(caller, tool, id, "sts", code + ": " + reason);
          yield new CallResult.Failed(
              code, "the authorization service refused: " + reason, Trace.of(id));
        }
      };
    }

    private CallResult approve(Approval approval) {
      jti = approval.jti();
      return switch (exchange.look(approval)) {
        case ApprovalState.Pending _ -> {
          ObjectNode data = StrictJson.object();
          data.put("tool", tool.name()).put("outcome", "approval_required");
          data.put("approval_id", approval.id());
          append(CALL_FINISHED, data);
          yield new CallResult.ApprovalRequired(approval);
        }
        case ApprovalState.Refused(String code, String reason) -> {
          refuse(caller, tool, jti, "sts", code);
          yield new CallResult.Denied(code, reason, List.of(), Trace.of(jti));
        }
        case ApprovalState.Given(Secret assertion) ->
            redeemed(exchange.redeem(assertion, tool.grant().scope(), details));
      };
    }

    /// The approval was looked up once in this call; what the second leg asks for beyond it waits
    /// for the next call, so that no answer of the STS can make this a loop.
    private CallResult redeemed(ExchangeResult result) {
      if (result instanceof ExchangeResult.ApprovalNeeded(Approval again)) {
        refuse(caller, tool, again.jti(), "sts", "another approval is needed");
        return new CallResult.ApprovalRequired(again);
      }
      return go(result);
    }

    private CallResult checked(Secret token, String id) {
      jti = id;
      Optional<String> problem = obos.problem(token, jti, caller, details);
      if (problem.isPresent()) {
        refuse(caller, tool, jti, "gateway", "on-behalf-of token: " + problem.get());
        return new CallResult.Failed(
            "token_mismatch", "the authorization service's answer cannot be used", Trace.of(jti));
      }
      return switch (broker.mint(tool.grant().role(), token)) {
        case MintResult.Minted(Lease lease) -> withLease(lease, token);
        case MintResult.Refused(String code) -> {
          refuse(caller, tool, jti, "broker", code);
          yield new CallResult.Denied(
              code, "the credential broker refused this request", List.of(), Trace.of(jti));
        }
      };
    }

    private CallResult withLease(Lease lease, Secret token) {
      StatementResult result;
      try {
        result = statements.run(tool.statement(), lease, arguments, jti);
      } catch (RuntimeException fault) {
        answer(BROKEN, lease, token, new Trace(jti, lease.id(), broker.revoke(lease)));
        throw fault;
      } catch (Error fault) {
        broker.revoke(lease);
        throw fault;
      }
      // Before anybody is answered, so that a caller who went away changes nothing.
      boolean revoked = broker.revoke(lease);
      return answer(result, lease, token, new Trace(jti, lease.id(), revoked));
    }

    private CallResult answer(StatementResult result, Lease lease, Secret token, Trace trace) {
      String outcome =
          switch (result) {
            case StatementResult.Ran _ -> "ran";
            case StatementResult.Failed(var cause, _) -> Outcomes.code(cause);
          };
      try {
        record(result, lease, outcome, trace);
      } catch (Ledger.LedgerAway away) {
        // The login was in the ledger of the broker, its use could not be written here: the rows
        // stay here, and the agent learns that the statement may have had its effect.
        return new CallResult.Failed(
            "unrecorded",
            "the statement ended ("
                + outcome
                + ") but could not be recorded, so its result is"
                + " withheld; look before you repeat it",
            trace);
      }
      return switch (result) {
        case StatementResult.Ran(var rows, boolean truncated) ->
            tool.result()
                .map(rows, truncated)
                .<CallResult>map(mapped -> completed(mapped, lease, token, trace))
                .orElseGet(() -> new CallResult.Failed("no_row", tool.result().missing(), trace));
        case StatementResult.Failed(var cause, _) -> Outcomes.failed(cause, trace);
      };
    }

    private CallResult completed(ObjectNode mapped, Lease lease, Secret token, Trace trace) {
      String text = StrictJson.write(mapped);
      // No statement selects these; if one ever does, nothing of it leaves the house.
      if (text.contains(lease.password().reveal()) || text.contains(token.reveal())) {
        return new CallResult.Failed("withheld", "the result is withheld", trace);
      }
      return new CallResult.Completed(mapped, trace);
    }

    private void record(StatementResult result, Lease lease, String outcome, Trace trace) {
      ObjectNode statement = StrictJson.object();
      statement.put("tool", tool.name()).put("role", tool.grant().role());
      statement.put("login", lease.username()).put("lease_id", lease.id());
      statement.put("outcome", outcome);
      switch (result) {
        case StatementResult.Ran(var rows, boolean truncated) ->
            statement.put("rows", rows.size()).put("truncated", truncated);
        case StatementResult.Failed(_, String sqlState) -> statement.put("sqlstate", sqlState);
      }
      append(STATEMENT_RUN, statement);
      ObjectNode finished = StrictJson.object();
      finished.put("tool", tool.name()).put("outcome", outcome).put("lease_id", lease.id());
      finished.put("revoked", trace.revoked());
      if (!trace.revoked()) {
        finished.put("reason", "the broker did not confirm the revoke; its sweeper ends the lease");
      }
      append(CALL_FINISHED, finished);
    }

    private void append(LedgerEvent event, ObjectNode data) {
      ledger.append(new LedgerEntry(event, jti, caller.subject(), data));
    }
  }
}
