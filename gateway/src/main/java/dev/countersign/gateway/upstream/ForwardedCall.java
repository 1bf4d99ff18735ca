package dev.countersign.gateway.upstream;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;
import static dev.countersign.ledger.LedgerEvent.CALL_FORWARDED;

import dev.countersign.gateway.CallResult;
import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.Cancellation;
import dev.countersign.gateway.CredentialBroker;
import dev.countersign.gateway.Forwarding;
import dev.countersign.gateway.GrantedCall;
import dev.countersign.gateway.Lease;
import dev.countersign.gateway.MintResult;
import dev.countersign.gateway.Progress;
import dev.countersign.gateway.tools.Credential;
import dev.countersign.gateway.tools.Mapping;
import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.tools.UriTemplate;
import dev.countersign.gateway.tools.Work;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Carries a granted call to the server that has the tool, with that server's own credential, if
/// the tool is still the approved one. Threads may share it.
public final class ForwardedCall implements Forwarding {
  private final Catalog catalog;
  private final CredentialBroker broker;

  public ForwardedCall(Catalog catalog, CredentialBroker broker) {
    this.catalog = catalog;
    this.broker = broker;
  }

  @Override
  public CallResult run(GrantedCall call, Work.Behind work) {
    Server server = catalog.server(work.server());
    return switch (server.credential()) {
      case Credential.None _ -> new OneCall(call, work, South.NOTHING, Optional.empty()).run();
      case Credential.OnBehalfOf _ ->
          new OneCall(call, work, South.bearer(call.token()), Optional.empty()).run();
      case Credential.Vendor(var token, var variable) ->
          new OneCall(
                  call,
                  work,
                  variable.isEmpty() ? South.bearer(token) : South.NOTHING,
                  Optional.empty())
              .run();
      case Credential.Login _ ->
          switch (broker.mint(role(server, work), call.token())) {
            case MintResult.Minted(Lease lease) -> withLease(call, work, lease);
            case MintResult.Refused(String code) -> {
              call.entry().refuse("broker", code);
              yield new CallResult.Denied(
                  code, "the credential broker refused this request", List.of(), call.trace());
            }
          };
    };
  }

  private static String role(Server server, Work.Behind work) {
    return switch (work) {
      case Work.Forward(_, String tool) -> {
        Mapping mapping = Objects.requireNonNull(server.mappings().get(tool));
        yield mapping.role().orElseThrow();
      }
      case Work.Read(_, _, Optional<String> role) -> role.orElseThrow();
      case Work.Fill(_, _, Optional<String> role) -> role.orElseThrow();
    };
  }

  private CallResult withLease(GrantedCall call, Work.Behind work, Lease lease) {
    var south =
        new South(
            Map.of(
                "X-DB-Username", new Secret(lease.username()), "X-DB-Password", lease.password()));
    return new OneCall(call, work, south, Optional.of(lease)).run();
  }

  /// One thread.
  private final class OneCall {
    private final GrantedCall call;
    private final Work.Behind work;
    private final South south;
    private final Optional<Lease> lease;

    OneCall(GrantedCall call, Work.Behind work, South south, Optional<Lease> lease) {
      this.call = call;
      this.work = work;
      this.south = south;
      this.lease = lease;
    }

    CallResult run() {
      UpstreamAnswer answer;
      boolean revoked = false;
      try {
        // What is read is shown to agents in the operator's words alone, so there is no pin.
        if (work instanceof Work.Forward tool && !catalog.isApproved(tool, south)) {
          return quarantined();
        }
        answer = call.cancellation().isCancelled() ? new UpstreamAnswer.Stopped(false) : ask();
      } catch (UpstreamFailure failure) {
        answer = new UpstreamAnswer.Failed(UpstreamFailure.Kind.AWAY, failure.reason());
      } finally {
        // Before anybody is answered, so that a caller who went away changes nothing.
        revoked = lease.map(broker::revoke).orElse(false);
      }
      return answered(
          answer, new Trace(call.entry().jti(), lease.map(Lease::id).orElse(""), revoked));
    }

    private UpstreamAnswer ask() {
      call.entry().begin();
      call.progress().at(new Progress.Step.Reached(Progress.Stage.READY));
      return catalog
          .dialogue(work.server())
          .ask(question(), south, call.cancellation(), call.progress());
    }

    private Dialogue.Question question() {
      ObjectNode arguments = call.arguments();
      return switch (work) {
        case Work.Forward(_, String tool) -> Dialogue.Question.call(tool, arguments);
        case Work.Read(_, UriTemplate uri, _) -> Dialogue.Question.read(uri.expand(arguments));
        case Work.Fill(_, String prompt, _) -> Dialogue.Question.fill(prompt, arguments);
      };
    }

    private CallResult quarantined() {
      call.entry().refuse("gateway", "the tool is not the approved one any more");
      return new CallResult.Denied(
          "tool_quarantined",
          "this tool has changed since it was approved; an operator must look at it first",
          List.of(),
          call.trace());
    }

    private CallResult answered(UpstreamAnswer answer, Trace trace) {
      try {
        record(answer, trace);
      } catch (Ledger.LedgerAway away) {
        return new CallResult.Failed(
            "unrecorded",
            "the call ended but could not be recorded, so its result is withheld; look before you"
                + " repeat it",
            trace);
      }
      return switch (answer) {
        case UpstreamAnswer.Result(ObjectNode result) -> carried(result, trace);
        case UpstreamAnswer.Rejected rejected ->
            new CallResult.Failed(
                rejected.isBeforeTheTool() ? "server_rejected" : "server_failed",
                "the server of this tool refused the call with code " + rejected.code(),
                trace);
        case UpstreamAnswer.AsksForInput _ ->
            new CallResult.Failed(
                "server_asks",
                "the server of this tool asks for more, which is not passed on",
                trace);
        case UpstreamAnswer.Stopped(boolean hadBegun) ->
            new CallResult.Cancelled(reason(), hadBegun, trace);
        case UpstreamAnswer.Failed(UpstreamFailure.Kind kind, _) -> failed(kind, trace);
      };
    }

    private Cancellation.Reason reason() {
      return call.cancellation().reason().orElseThrow();
    }

    private CallResult failed(UpstreamFailure.Kind kind, Trace trace) {
      return switch (kind) {
        case AWAY -> new CallResult.Unavailable(trace);
        case REFUSED ->
            new CallResult.Failed(
                "server_refused", "the server of this tool does not take our credential", trace);
        case TOO_LARGE ->
            new CallResult.Failed(
                "server_too_large", "the result is larger than this tool may return", trace);
        case BROKEN ->
            new CallResult.Failed(
                "server_broken",
                "the server of this tool gave no complete answer in time; look before you repeat"
                    + " what writes",
                trace);
        case PROTOCOL ->
            new CallResult.Failed(
                "server_failed", "the server of this tool gave no usable answer", trace);
      };
    }

    private CallResult carried(ObjectNode result, Trace trace) {
      String text = StrictJson.write(result);
      if (text.length() > catalog.server(work.server()).limits().maxBytes()) {
        return failed(UpstreamFailure.Kind.TOO_LARGE, trace);
      }
      // A server that echoes what it was given to prove itself must not give it to a model.
      if (south.leaksInto(text) || text.contains(call.token().reveal())) {
        return new CallResult.Failed("withheld", "the result is withheld", trace);
      }
      return new CallResult.Carried(result, false, trace);
    }

    private void record(UpstreamAnswer answer, Trace trace) {
      String outcome =
          switch (answer) {
            case UpstreamAnswer.Result(ObjectNode result) ->
                result.path("isError").asBoolean(false) ? "tool_error" : "ran";
            case UpstreamAnswer.Rejected rejected -> "rejected " + rejected.code();
            case UpstreamAnswer.AsksForInput _ -> "asks_for_input";
            case UpstreamAnswer.Stopped _ -> "cancelled";
            case UpstreamAnswer.Failed(var kind, _) -> kind.name().toLowerCase(Locale.ROOT);
          };
      ObjectNode forwarded = StrictJson.object().put("server", work.server());
      forwarded.put("server_tool", work.there()).put("outcome", outcome);
      if (answer instanceof UpstreamAnswer.Failed(_, String reason)) {
        forwarded.put("reason", reason);
      }
      call.entry().append(CALL_FORWARDED, forwarded);
      ObjectNode finished = StrictJson.object();
      lease.ifPresent(held -> finished.put("lease_id", held.id()).put("revoked", trace.revoked()));
      if (answer instanceof UpstreamAnswer.Stopped) {
        call.entry().cancelled(reason(), finished);
      } else {
        call.entry().append(CALL_FINISHED, finished.put("outcome", outcome));
      }
    }
  }
}
