package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;
import static dev.countersign.ledger.LedgerEvent.STATEMENT_RUN;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.tools.ArgumentCheck;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// One guarded tool call: arguments, authorization details, authorization, login, statement, and
/// the end of the login in every outcome. Threads may share it.
public final class GuardedCall {
  private static final StatementResult BROKEN =
      new StatementResult.Failed(StatementResult.Cause.BROKEN, "");

  private final Authorizer authorizer;
  private final CredentialBroker broker;
  private final StatementRunner statements;
  private final RepeatedCalls repeats;
  private final Ledger ledger;

  public GuardedCall(
      Authorizer authorizer,
      CredentialBroker broker,
      StatementRunner statements,
      RepeatedCalls repeats,
      Ledger ledger) {
    this.authorizer = authorizer;
    this.broker = broker;
    this.statements = statements;
    this.repeats = repeats;
    this.ledger = ledger;
  }

  /// Makes one call. How it ended is in the ledger before this returns.
  ///
  /// @param sent the arguments as they came, the one source of everything that follows
  /// @param patience how long to wait for a person who has to approve
  public CallResult run(Caller caller, Tool tool, ObjectNode sent, Duration patience) {
    var entry = new CallEntry(ledger, caller, tool);
    return switch (tool.check(sent)) {
      case ArgumentCheck.Invalid(List<String> problems) -> badArguments(entry, problems);
      case ArgumentCheck.Valid(ObjectNode arguments) -> {
        AuthorizationDetails details;
        try {
          details = tool.details(arguments);
        } catch (WireException unusable) {
          yield badArguments(entry, List.of(unusable.description()));
        }
        var ask = new Authorizer.Ask(caller, tool, details, patience);
        yield new OneCall(ask, arguments, entry).run();
      }
    };
  }

  private static CallResult badArguments(CallEntry entry, List<String> problems) {
    entry.refuse("gateway", "the arguments do not fit the tool");
    return new CallResult.BadArguments(problems);
  }

  /// A call whose arguments are checked. One thread.
  private final class OneCall {
    private final Authorizer.Ask ask;
    private final Tool tool;
    private final ObjectNode arguments;
    private final CallEntry entry;
    private boolean hasBegun; // from then on the statement may have had its effect

    OneCall(Authorizer.Ask ask, ObjectNode arguments, CallEntry entry) {
      this.ask = ask;
      this.tool = ask.tool();
      this.arguments = arguments;
      this.entry = entry;
    }

    CallResult run() {
      try {
        return switch (authorizer.authorize(ask, entry)) {
          case Authorizer.Authorization.Granted(Secret token) -> once(token);
          case Authorizer.Authorization.Ended(CallResult result) -> result;
        };
      } catch (Ledger.LedgerAway away) {
        throw away;
      } catch (UnavailableException away) {
        entry.refuse("gateway", "unavailable: " + away.getMessage());
        return new CallResult.Unavailable(Trace.of(entry.jti()));
      }
    }

    /// A call that writes has its effect once, however often it is repeated.
    private CallResult once(Secret token) {
      Optional<Tool.Idempotency> idempotency = tool.idempotency();
      if (idempotency.isEmpty()) {
        return granted(token);
      }
      Caller caller = ask.caller();
      var key =
          new RepeatedCalls.Key(
              caller.subject(), caller.client(), tool.name(), idempotency.get().digest(arguments));
      return switch (repeats.begin(key, entry.jti(), idempotency.get().within())) {
        case RepeatedCalls.Beginning.First _ -> first(key, token);
        case RepeatedCalls.Beginning.Repeat(String jti, ObjectNode outcome) -> {
          entry.append(
              CALL_FINISHED, StrictJson.object().put("outcome", "repeated").put("first", jti));
          yield new CallResult.Repeated(outcome, Trace.of(jti));
        }
        case RepeatedCalls.Beginning.Running(String jti) ->
            notAgain(
                "in_progress",
                "the same call is being made just now; call again for its outcome",
                jti);
        case RepeatedCalls.Beginning.Unknown(String jti) ->
            notAgain(
                "unknown",
                "the same call was made before and broke off: whether it took effect is unknown;"
                    + " look before you repeat it",
                jti);
      };
    }

    private CallResult notAgain(String code, String text, String first) {
      entry.refuse("gateway", "a repeat of " + first + ": " + code);
      return new CallResult.Failed(code, text, Trace.of(first));
    }

    private CallResult first(RepeatedCalls.Key key, Secret token) {
      CallResult result;
      try {
        result = granted(token);
      } catch (RuntimeException | Error fault) {
        if (hasBegun) {
          repeats.lose(key, entry.jti());
        } else {
          repeats.forget(key, entry.jti());
        }
        throw fault;
      }
      switch (result) {
        case CallResult.Completed(ObjectNode structured, _) ->
            repeats.finish(key, entry.jti(), structured);
        case CallResult.Failed(String code, _, _) when !Outcomes.hadNoEffect(code) ->
            repeats.lose(key, entry.jti());
        default -> repeats.forget(key, entry.jti());
      }
      return result;
    }

    private CallResult granted(Secret token) {
      return switch (broker.mint(tool.grant().role(), token)) {
        case MintResult.Minted(Lease lease) -> withLease(lease, token);
        case MintResult.Refused(String code) -> {
          entry.refuse("broker", code);
          yield new CallResult.Denied(
              code, "the credential broker refused this request", List.of(), Trace.of(entry.jti()));
        }
      };
    }

    private CallResult withLease(Lease lease, Secret token) {
      StatementResult result;
      hasBegun = true;
      try {
        result = statements.run(tool.statement(), lease, arguments, entry.jti());
      } catch (RuntimeException fault) {
        answer(BROKEN, lease, token, new Trace(entry.jti(), lease.id(), broker.revoke(lease)));
        throw fault;
      } catch (Error fault) {
        broker.revoke(lease);
        throw fault;
      }
      // Before anybody is answered, so that a caller who went away changes nothing.
      boolean revoked = broker.revoke(lease);
      return answer(result, lease, token, new Trace(entry.jti(), lease.id(), revoked));
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
      statement.put("role", tool.grant().role());
      statement.put("login", lease.username()).put("lease_id", lease.id());
      statement.put("outcome", outcome);
      switch (result) {
        case StatementResult.Ran(var rows, boolean truncated) ->
            statement.put("rows", rows.size()).put("truncated", truncated);
        case StatementResult.Failed(_, String sqlState) -> statement.put("sqlstate", sqlState);
      }
      entry.append(STATEMENT_RUN, statement);
      ObjectNode finished = StrictJson.object();
      finished.put("outcome", outcome).put("lease_id", lease.id());
      finished.put("revoked", trace.revoked());
      if (!trace.revoked()) {
        finished.put("reason", "the broker did not confirm the revoke; its sweeper ends the lease");
      }
      entry.append(CALL_FINISHED, finished);
    }
  }
}
