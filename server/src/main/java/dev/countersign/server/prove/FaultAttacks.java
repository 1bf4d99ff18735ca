package dev.countersign.server.prove;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.prove.Copy.Part;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// That nothing is granted while something is away. Played on a copy.
final class FaultAttacks {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Supplier<Optional<Copy>> copies;

  /// @param copies starts a copy; empty where there is none to start
  FaultAttacks(Supplier<Optional<Copy>> copies) {
    this.copies = copies;
  }

  Property property() {
    return new Property(
        "closed-when-dead",
        "While the identity provider, the ledger, a database, the broker or the token service is away,"
            + " nothing is granted.",
        "somebody who switches a part off, or waits for an outage (played on a copy)",
        this::play);
  }

  private void play(Scene scene) {
    Optional<Copy> started = copies.get();
    if (started.isEmpty()) {
      scene.untried(
          "K04",
          "all",
          "taking parts away",
          "no copy was started: --no-faults, or the example is not here");
      return;
    }
    try (Copy copy = started.get()) {
      copy.stop(Part.IDENTITY_PROVIDER);
      closed(
          scene,
          "B11",
          "sts (copy)",
          "an exchange while the identity provider's keys are away",
          () -> exchange(copy.tenant()));
      copy.mend(Part.IDENTITY_PROVIDER);
      Tenant tenant = copy.tenant();
      scene.control(
          "sts (copy)", "an exchange once it is back", "200, a token", () -> soon(tenant));

      Secret kept = tenant.obo(Writes.small());
      copy.stop(Part.LEDGER);
      closed(
          scene,
          "K04",
          "sts (copy)",
          "an exchange while the ledger is away",
          () -> exchange(tenant));
      closed(
          scene,
          "K04",
          "broker (copy)",
          "a login while the ledger is away",
          () -> tenant.client().mint(kept, tenant.role()));
      call(scene, tenant, "a tool call while the ledger is away");
      copy.mend(Part.LEDGER);

      Secret second = tenant.obo(Writes.small());
      copy.stop(Part.BUSINESS_DATABASE);
      closed(
          scene,
          "H07",
          "broker (copy)",
          "a login while the business database is away",
          () -> tenant.client().mint(second, tenant.role()));
      call(scene, tenant, "a tool call while the business database is away");
      copy.mend(Part.BUSINESS_DATABASE);
      control(scene, tenant, "a tool call once all is back");

      copy.stop(Part.BROKER);
      call(scene, tenant, "a tool call while the broker is away");
      copy.stop(Part.TOKEN_SERVICE);
      call(scene, tenant, "a tool call while the token service is away");
      copy.stop(Part.STATE_DATABASE);
      call(scene, tenant, "a tool call while the state's database is away");
    }
  }

  // Keys are not fetched again at once, or a dead provider would be asked by every request.
  private static Scene.Seen soon(Tenant tenant) {
    long start = System.nanoTime();
    WireClient.Answer answer = exchange(tenant);
    while (!Answers.grants(answer) && System.nanoTime() - start < PATIENCE.toNanos()) {
      LockSupport.parkNanos(PAUSE.toNanos());
      answer = exchange(tenant);
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    return new Scene.Seen(
        Answers.grants(answer),
        answer.status() + " after " + millis + " ms " + Answers.text(answer));
  }

  private static WireClient.Answer exchange(Tenant tenant) {
    return tenant
        .client()
        .exchange(
            tenant.bearer(),
            tenant.tokenType(),
            tenant.scope(),
            tenant.audience(),
            Writes.small().details().canonical());
  }

  // Who is away answers with 503, with another error of its own, or not at all.
  private static void closed(
      Scene scene, String attack, String box, String tried, Supplier<WireClient.Answer> play) {
    scene.looked(
        attack,
        box,
        tried,
        "503, and no grant",
        () -> {
          try {
            WireClient.Answer answer = play.get();
            return new Scene.Seen(
                answer.status() >= 500 && !Answers.grants(answer),
                answer.status() + " " + Answers.shown(Answers.text(answer)));
          } catch (UnavailableException away) {
            return new Scene.Seen(true, "no answer");
          }
        },
        seen -> seen);
  }

  private static void call(Scene scene, Tenant tenant, String tried) {
    scene.looked(
        "K04",
        "gateway (copy)",
        tried,
        "no result",
        () -> outcome(tenant),
        outcome ->
            new Scene.Seen(
                !(outcome instanceof CallOutcome.Done), Answers.shown(outcome.forModel())));
  }

  private static void control(Scene scene, Tenant tenant, String tried) {
    scene.control(
        "gateway (copy)",
        tried,
        "a result",
        () -> {
          CallOutcome outcome = outcome(tenant);
          boolean done = outcome instanceof CallOutcome.Done;
          return new Scene.Seen(done, done ? "a result" : Answers.shown(outcome.forModel()));
        });
  }

  private static CallOutcome outcome(Tenant tenant) {
    return new McpClient(new HttpTransport(tenant.gateway()))
        .callTool(tenant.bearer(), tenant.tool(), StrictJson.object());
  }
}
