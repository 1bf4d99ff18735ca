package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.tools.ArgumentCheck;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Work;
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

/// One guarded tool call: arguments, authorization details, authorization, and once only what it
/// runs. Threads may share it.
public final class GuardedCall {
  private static final String BLOCKED = "access_denied";

  private final Authorizer authorizer;
  private final StatementCall statements;
  private final Forwarding forwarding;
  private final RepeatedCalls repeats;
  private final Classification classification;
  private final BlockedCalls blocked;
  private final Ledger ledger;

  public GuardedCall(
      Authorizer authorizer,
      StatementCall statements,
      Forwarding forwarding,
      RepeatedCalls repeats,
      BlockedCalls blocked,
      Ledger ledger) {
    this.authorizer = authorizer;
    this.statements = statements;
    this.forwarding = forwarding;
    this.repeats = repeats;
    this.classification = new Classification(authorizer, statements, ledger);
    this.blocked = blocked;
    this.ledger = ledger;
  }

  /// Makes one call. How it ended is in the ledger before this returns.
  ///
  /// @param sent the arguments as they came, the one source of everything that follows
  /// @param patience how long to wait for a person who has to approve
  /// @param code what the person gave to a program of theirs
  /// @param cancellation stops it wherever it stands, with the end of its lease
  /// @param progress told how far it is
  public CallResult run(
      Caller caller,
      Tool tool,
      ObjectNode sent,
      Duration patience,
      Optional<Authorizer.Code> code,
      Cancellation cancellation,
      Progress progress) {
    var entry = new CallEntry(ledger, caller, tool);
    return switch (tool.check(sent)) {
      case ArgumentCheck.Invalid(List<String> problems) -> badArguments(entry, problems);
      case ArgumentCheck.Valid(ObjectNode arguments) -> {
        Tool asked = classification.of(caller, tool, arguments, cancellation);
        if (asked != tool) {
          entry.elevate();
        }
        AuthorizationDetails details;
        try {
          details = asked.details(arguments);
        } catch (WireException unusable) {
          yield badArguments(entry, List.of(unusable.description()));
        }
        var ask = new Authorizer.Ask(caller, asked, details, patience, code, cancellation);
        yield new OneCall(ask, arguments, entry, progress).run();
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
    private final Progress progress;

    OneCall(Authorizer.Ask ask, ObjectNode arguments, CallEntry entry, Progress progress) {
      this.progress = progress;
      this.ask = ask;
      this.tool = ask.tool();
      this.arguments = arguments;
      this.entry = entry;
    }

    CallResult run() {
      try {
        return switch (authorizer.authorize(ask, entry)) {
          case Authorizer.Authorization.Granted(Secret token) ->
              ask.cancellation()
                  .reason()
                  .<CallResult>map(this::cancelled)
                  .orElseGet(() -> once(token));
          case Authorizer.Authorization.Ended(CallResult result) -> counted(result);
        };
      } catch (Ledger.LedgerAway away) {
        throw away;
      } catch (UnavailableException away) {
        entry.refuse("gateway", "unavailable: " + away.getMessage());
        return new CallResult.Unavailable(Trace.of(entry.jti()));
      }
    }

    /// What policy denied counts, and nothing else: neither a refused approval nor a mistake.
    private CallResult counted(CallResult result) {
      if (result instanceof CallResult.Denied(String code, _, _, Trace trace)
          && code.equals(BLOCKED)
          && !trace.jti().isEmpty()) {
        blocked.blocked(ask.caller().subject(), trace.jti());
      }
      return result;
    }

    private CallResult cancelled(Cancellation.Reason reason) {
      entry.cancelled(reason, StrictJson.object());
      return new CallResult.Cancelled(reason, false, Trace.of(entry.jti()));
    }

    /// A call that writes has its effect once, however often it is repeated.
    private CallResult once(Secret token) {
      ask.cancellation().lasts();
      progress.at(new Progress.Step.Reached(Progress.Stage.AUTHORIZED));
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
          yield switch (tool.work()) {
            case Work.Sql _ -> new CallResult.Repeated(outcome, Trace.of(jti));
            case Work.Behind _ -> new CallResult.Carried(outcome, true, Trace.of(jti));
          };
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
        if (entry.hasBegun()) {
          repeats.lose(key, entry.jti());
        } else {
          repeats.forget(key, entry.jti());
        }
        throw fault;
      }
      switch (result) {
        case CallResult.Completed(ObjectNode structured, _) ->
            repeats.finish(key, entry.jti(), structured);
        case CallResult.Carried(ObjectNode carried, _, _) ->
            repeats.finish(key, entry.jti(), carried);
        case CallResult.Failed(String code, _, _) when !Outcomes.hadNoEffect(code) ->
            repeats.lose(key, entry.jti());
        case CallResult.Cancelled(_, boolean isUnknown, _) when isUnknown ->
            repeats.lose(key, entry.jti());
        default -> repeats.forget(key, entry.jti());
      }
      return result;
    }

    private CallResult granted(Secret token) {
      var call = new GrantedCall(tool, arguments, token, entry, ask.cancellation(), progress);
      CallResult result =
          switch (tool.work()) {
            case Work.Sql sql -> statements.run(call, sql);
            case Work.Behind behind -> forwarding.run(call, behind);
          };
      progress.at(new Progress.Step.Reached(Progress.Stage.ENDED));
      return result;
    }
  }
}
