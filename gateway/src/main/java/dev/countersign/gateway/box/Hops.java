package dev.countersign.gateway.box;

import dev.countersign.box.Metrics;
import dev.countersign.gateway.Approval;
import dev.countersign.gateway.ApprovalState;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.CredentialBroker;
import dev.countersign.gateway.ExchangeResult;
import dev.countersign.gateway.Lease;
import dev.countersign.gateway.MintResult;
import dev.countersign.gateway.StatementRunner;
import dev.countersign.gateway.TokenExchange;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.Spans;
import java.time.Duration;
import java.util.function.Supplier;

/// Where a call's time goes, at `/metrics` as `gateway.hop`: `exchange`, `submit`, `mint`,
/// `connect`, `statement` (with the disconnect), `revoke`. Threads may share it.
final class Hops {
  private final Metrics metrics;

  Hops(Metrics metrics) {
    this.metrics = metrics;
  }

  /// The token service, timed.
  TokenExchange timed(TokenExchange sts) {
    return new TokenExchange() {
      @Override
      public ExchangeResult exchange(
          Caller.Person caller, Tool.Grant grant, AuthorizationDetails details) {
        return record("exchange", () -> sts.exchange(caller, grant, details));
      }

      @Override
      public ApprovalState look(Approval approval) {
        return sts.look(approval); // waits for a person
      }

      @Override
      public ApprovalState submit(Approval approval, Secret code) {
        return record("submit", () -> sts.submit(approval, code));
      }

      @Override
      public ExchangeResult redeem(
          Secret assertion, Tool.Grant grant, AuthorizationDetails details) {
        return record("exchange", () -> sts.redeem(assertion, grant, details));
      }
    };
  }

  /// The broker, timed.
  CredentialBroker timed(CredentialBroker broker) {
    return new CredentialBroker() {
      @Override
      public MintResult mint(String role, Secret onBehalfOfToken) {
        return record("mint", () -> broker.mint(role, onBehalfOfToken));
      }

      @Override
      public boolean revoke(Lease lease) {
        return record("revoke", () -> broker.revoke(lease));
      }
    };
  }

  /// What runs statements, as a part of the trace.
  static StatementRunner traced(StatementRunner statements) {
    return (statement, lease, arguments, jti, cut) ->
        Spans.calling(
            "gateway",
            "statement",
            () -> {
              Spans.note("db.system.name", "postgresql");
              Spans.note("db.namespace", statement.database());
              Spans.note("countersign.jti", jti);
              Spans.note("countersign.lease_id", lease.id());
              Spans.note("countersign.login", lease.username());
              return statements.run(statement, lease, arguments, jti, cut);
            });
  }

  /// A hop that somebody else timed.
  void took(String hop, Duration duration) {
    metrics.timer("gateway.hop", "hop", hop).record(duration);
  }

  private <T> T record(String hop, Supplier<T> work) {
    long begin = System.nanoTime();
    try {
      return Spans.calling("gateway", hop, work);
    } finally {
      took(hop, Duration.ofNanos(System.nanoTime() - begin));
    }
  }
}
