package dev.countersign.server.prove;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// What a person's tokens, logins and connections can still do once their sessions were ended. The
/// person is let in again at the end.
final class KillAttack {
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Tenant tenant;
  private final WireClient wire;
  private final LoginAttacks logins;

  KillAttack(Tenant tenant, WireClient wire, LoginAttacks logins) {
    this.tenant = tenant;
    this.wire = wire;
    this.logins = logins;
  }

  Property property() {
    return new Property(
        "kill-everywhere",
        "A kill takes effect everywhere, within "
            + tenant.killGoal().toSeconds()
            + " s: tokens, logins, open connections, and the identity provider.",
        "somebody who holds a person's tokens and logins when the person is killed",
        this::play);
  }

  private void play(Scene scene) {
    if (tenant.operator().isEmpty()) {
      scene.untried("J18", "sts", "every attack after a kill", "no key of an operator is here");
      return;
    }
    Workload operator = tenant.operator().get();
    Secret kept = tenant.obo(Writes.small());
    String person = Workload.claims(kept).path("sub").asString("");
    LoginAttacks.Login login = logins.login(tenant.obo(Writes.small()));
    try (Connection open = logins.open(login)) {
      long start = System.nanoTime();
      String txn = operate(operator, "/v1.0/auth/kills", person, "countersign prove: a rehearsal");
      try {
        tokens(scene);
        connection(scene, open, start);
        mint(scene, kept);
        logins.shut(scene, login, "the login of a killed person");
        everywhere(scene, txn);
      } finally {
        operate(operator, "/v1.0/auth/openings", person, "countersign prove: it is over");
        // Tokens tell their time in whole seconds: one of the kill's own second counts as older.
        LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
      }
    } catch (SQLException failed) {
      throw new IllegalStateException("the minted login was not let in: " + failed.getMessage());
    }
  }

  private void tokens(Scene scene) {
    scene.refused(
        "C16",
        "sts",
        "an exchange of a killed person's token",
        "400",
        () ->
            tenant
                .client()
                .exchange(
                    tenant.bearer(),
                    tenant.tokenType(),
                    tenant.scope(),
                    tenant.audience(),
                    Writes.small().details().canonical()),
        Answers.refusal("", 400));
    scene.looked(
        "C16",
        "sts",
        "userinfo with a killed person's token",
        "401",
        () ->
            wire.get(
                tenant.sts().resolve("/oauth2/userinfo"),
                Map.of("Authorization", "Bearer " + tenant.bearer().reveal()),
                TIMEOUT),
        Answers.refusal("", 401));
    if (!tenant.tool().isEmpty()) {
      scene.refused(
          "C16",
          "gateway",
          "a tool call with a killed person's token",
          "401",
          () ->
              new McpClient(new HttpTransport(tenant.gateway()))
                  .callTool(tenant.bearer(), tenant.tool(), StrictJson.object()),
          outcome ->
              new Scene.Seen(
                  outcome instanceof CallOutcome.SignInRequired,
                  Answers.shown(outcome.forModel())));
    }
  }

  // The broker is told after the sts; a login that was minted in between ends with the others.
  private void mint(Scene scene, Secret kept) {
    scene.refused(
        "J18",
        "broker",
        "a login from a token that was issued before the kill",
        "403",
        () -> tenant.client().mint(kept, tenant.role()),
        Answers.refusal("", 403));
  }

  private void connection(Scene scene, Connection open, long start) {
    scene.looked(
        "H08",
        "broker",
        "a connection of a killed person that is open",
        "ended within " + tenant.killGoal().toSeconds() + " s",
        () -> {
          boolean ended = until(start, () -> !LoginAttacks.tried(open, "SELECT 1").isEmpty());
          long millis = (System.nanoTime() - start) / 1_000_000;
          return new Scene.Seen(
              ended,
              ended ? "ended after " + millis + " ms" : "it still answers after " + millis + " ms");
        },
        seen -> seen);
  }

  private void everywhere(Scene scene, String txn) {
    if (tenant.inside().isEmpty()) {
      scene.untried(
          "J15", "receiver", "a place that was not reached", "the ledger is not readable here");
      return;
    }
    var ledger = new PgLedgerReader(tenant.inside().get().auditor());
    scene.refused(
        "J15",
        "receiver",
        "a place that the kill did not reach, the identity provider included",
        "all reached within " + tenant.killGoal().toSeconds() + " s",
        () -> {
          long start = System.nanoTime();
          until(start, () -> finished(ledger, txn).isPresent());
          Optional<LedgerRecord> end = finished(ledger, txn);
          Optional<LedgerRecord> first = ledger.trace(txn).stream().findFirst();
          boolean complete =
              end.map(record -> record.data().path("complete").asBoolean(false)).orElse(false);
          Duration took =
              end.flatMap(last -> first.map(one -> Duration.between(one.at(), last.at())))
                  .orElse(Duration.ofDays(1));
          return new Scene.Seen(
              complete && took.compareTo(tenant.killGoal()) <= 0,
              end.isEmpty()
                  ? "the kill was not finished"
                  : (complete ? "complete" : "not complete") + " after " + took.toMillis() + " ms");
        });
  }

  private static Optional<LedgerRecord> finished(PgLedgerReader ledger, String txn) {
    return ledger.trace(txn).stream()
        .filter(record -> record.event().equals("kill-finished"))
        .findFirst();
  }

  private boolean until(long start, BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > tenant.killGoal().toNanos()) {
        return false;
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    return true;
  }

  private String operate(Workload operator, String path, String person, String reason) {
    WireClient.Answer answer =
        operator.send(
            tenant.sts(),
            "POST",
            path,
            StrictJson.write(StrictJson.object().put("sub", person).put("reason", reason)));
    if (answer.status() != 201) {
      throw new IllegalStateException(
          "the sts does not let an operator do it: "
              + answer.status()
              + " "
              + Answers.text(answer));
    }
    return Answers.body(answer).path("txn").asString("");
  }
}
