package dev.countersign.sts;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Policy;
import dev.countersign.policy.Stage;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.postgres.PgFacts;
import dev.countersign.sts.postgres.PgHistory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/// One process that decides about a dollar again and again, for one person. Prints `granted` after
/// a grant would have been answered; with no attempts, decides once and never answers.
final class CounterWorker {
  private static final int THREADS = 8;

  private final Decisions decisions;
  private final String subject;

  CounterWorker(Database database, Policy policy, String subject) {
    this.subject = subject;
    decisions =
        new Decisions(
            new CurrentPolicy(policy),
            new PgFacts(database),
            new PgHistory(database),
            OutsideDecisions.NONE,
            (_, _, _, _) -> {},
            Set.of(),
            broken -> {
              throw broken;
            });
  }

  static Policy policy() {
    Path types = World.file("types.yaml");
    return Policy.load(
        types.resolveSibling("../counters/policy.yaml").normalize(), TypeRegistry.load(types));
  }

  /// Whether a dollar is granted.
  boolean isGranted(Instant now) {
    var asked =
        new AccessRequest(
            subject,
            "okta",
            Map.of(),
            "gateway",
            "gateway",
            Set.of(),
            AuthorizationDetails.parse(World.refund(100)),
            now);
    Decisions.Known known = decisions.known(asked);
    var intended = new Decisions.Intended(Ids.random(), "audience", now.plusSeconds(60));
    return decisions.decide(known, Stage.FIRST, intended).decision() instanceof Decision.Permit;
  }

  /// Arguments: url, user, subject, attempts. The password is in the environment.
  public static void main(String[] arguments) throws InterruptedException {
    var settings =
        new DatabaseSettings(
            arguments[0], arguments[1], new Secret(System.getenv("COUNTER_PASSWORD")));
    int attempts = Integer.parseInt(arguments[3]);
    try (Database database =
            Database.open(
                "worker",
                settings,
                new Database.Limits(THREADS, Duration.ofSeconds(30), Duration.ofSeconds(30)));
        var threads = Executors.newFixedThreadPool(THREADS)) {
      var worker = new CounterWorker(database, policy(), arguments[2]);
      say("ready");
      if (attempts == 0) {
        say(worker.isGranted(World.NOON) ? "decided" : "refused");
        new CountDownLatch(1).await();
      }
      for (int i = 0; i < attempts; i++) {
        threads.execute(() -> {
          if (worker.isGranted(World.NOON)) {
            say("granted");
          }
        });
      }
    }
    say("done");
  }

  private static synchronized void say(String word) {
    System.out.println(word);
    System.out.flush();
  }
}
