package dev.countersign.gateway;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.tools.Work;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// A granted call of a tool of our own: a login for it, its statement, and the end of the login in
/// every outcome. Threads may share it.
public final class StatementCall {
  private static final StatementResult BROKEN =
      new StatementResult.Failed(StatementResult.Cause.BROKEN, "");

  private static final String ENDED = "session_ended";

  private final CredentialBroker broker;
  private final StatementRunner statements;
  private final SessionGuard sessions;

  /// @param sessions stops statements of logins that no broker of ours ends
  public StatementCall(CredentialBroker broker, StatementRunner statements, SessionGuard sessions) {
    this.broker = broker;
    this.statements = statements;
    this.sessions = sessions;
  }

  /// Makes it. How it ended is in the ledger before this returns.
  CallResult run(GrantedCall call, Work.Sql work) {
    return switch (broker.mint(work.role(), call.token())) {
      case MintResult.Minted(Lease lease) -> new WithLease(call, work, lease).run();
      case MintResult.Refused(String code) -> {
        call.entry().refuse("broker", code);
        yield new CallResult.Denied(
            code, "the credential broker refused this request", List.of(), call.trace());
      }
    };
  }

  /// One thread.
  private final class WithLease {
    private final GrantedCall call;
    private final Work.Sql work;
    private final Lease lease;
    private final Cut cut = new Cut();

    WithLease(GrantedCall call, Work.Sql work, Lease lease) {
      this.call = call;
      this.work = work;
      this.lease = lease;
    }

    CallResult run() {
      StatementResult result;
      call.entry().begin();
      call.progress().at(new Progress.Step.Reached(Progress.Stage.READY));
      try (SessionGuard.Watch _ = watched();
          Cancellation.Step _ = call.cancellation().step(cut::now)) {
        result = statements.run(work.statement(), lease, call.arguments(), call.entry().jti(), cut);
      } catch (RuntimeException fault) {
        answer(BROKEN, traced(broker.revoke(lease)));
        throw fault;
      } catch (Error fault) {
        broker.revoke(lease);
        throw fault;
      }
      // Before anybody is answered, so that a caller who went away changes nothing.
      return answer(result, traced(broker.revoke(lease)));
    }

    private SessionGuard.Watch watched() {
      return lease.holder().isPresent() ? sessions.over(call.token(), cut) : () -> {};
    }

    private Trace traced(boolean revoked) {
      return new Trace(call.entry().jti(), lease.id(), revoked);
    }

    private CallResult answer(StatementResult result, Trace trace) {
      String outcome =
          switch (result) {
            case StatementResult.Ran _ -> "ran";
            case StatementResult.Failed failed when wasCut(failed) ->
                call.cancellation().isCancelled() ? "cancelled" : ENDED;
            case StatementResult.Failed(var cause, _) -> Outcomes.code(cause);
          };
      try {
        record(result, outcome, trace);
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
            work.result()
                .map(rows, truncated)
                .<CallResult>map(mapped -> completed(mapped, trace))
                .orElseGet(() -> new CallResult.Failed("no_row", work.result().missing(), trace));
        case StatementResult.Failed failed when wasCut(failed) -> cut(trace);
        case StatementResult.Failed(var cause, _) -> Outcomes.failed(cause, trace);
      };
    }

    private CallResult cut(Trace trace) {
      return call.cancellation()
          .reason()
          .<CallResult>map(reason -> new CallResult.Cancelled(reason, false, trace))
          .orElseGet(() ->
              new CallResult.Denied(
                  ENDED,
                  "the person's sessions were ended while this ran; nothing was written",
                  List.of(),
                  trace));
    }

    // What was being committed stays unknown, whoever broke it off.
    private boolean wasCut(StatementResult.Failed failed) {
      return cut.isDone() && failed.cause() != StatementResult.Cause.UNKNOWN;
    }

    private CallResult completed(ObjectNode mapped, Trace trace) {
      String text = StrictJson.write(mapped);
      // No statement selects these; if one ever does, nothing of it leaves the house.
      if (text.contains(lease.password().reveal()) || text.contains(call.token().reveal())) {
        return new CallResult.Failed("withheld", "the result is withheld", trace);
      }
      return new CallResult.Completed(mapped, trace);
    }

    private void record(StatementResult result, String outcome, Trace trace) {
      ObjectNode statement = StrictJson.object();
      statement.put("role", work.role());
      statement.put("login", lease.username()).put("lease_id", lease.id());
      statement.put("outcome", outcome);
      switch (result) {
        case StatementResult.Ran(var rows, boolean truncated) ->
            statement.put("rows", rows.size()).put("truncated", truncated);
        case StatementResult.Failed(_, String sqlState) -> statement.put("sqlstate", sqlState);
      }
      ObjectNode finished = StrictJson.object().put("lease_id", lease.id());
      finished.put("revoked", trace.revoked()).put("outcome", outcome);
      if (!trace.revoked()) {
        finished.put("reason", "the broker did not confirm the revoke; its sweeper ends the lease");
      }
      boolean stopped = result instanceof StatementResult.Failed failed && wasCut(failed);
      call.entry().ran(statement, finished, call.cancellation().reason().filter(_ -> stopped));
    }
  }
}
