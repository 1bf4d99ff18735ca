package dev.countersign.bench;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Migrations;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Policy;
import dev.countersign.policy.Reserved;
import dev.countersign.policy.ScopeHistory;
import dev.countersign.policy.Stage;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.CurrentPolicy;
import dev.countersign.sts.Decisions;
import dev.countersign.sts.HistoryStore;
import dev.countersign.sts.OutsideDecisions;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.postgres.PgFacts;
import dev.countersign.sts.postgres.PgHistory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The decision alone, on one thread, by processor time; then the decision with counters over a
/// real PostgreSQL, by statements.
final class PolicyBench {
  private static final int BATCH = 20_000;
  private static final int PEOPLE = 50;
  private static final Instant NOON = Instant.parse("2026-01-05T12:00:00Z");
  private static final String REFUND =
      """
      [{"type":"urn:bench:0","operationDetails":{"action":"process_refund",\
      "instructedAmount":{"currency":"USD","amount":%d},\
      "creditorAccount":{"identification":"R-884-2233"}}}]\
      """;

  private final int rounds;

  PolicyBench(int rounds) {
    this.rounds = rounds;
  }

  Report run() throws IOException {
    Path folder = Files.createTempDirectory("countersign-bench-");
    try {
      double usual = micros(policy(folder, 4, 5, PolicyBench::condition), rounds);
      double many = micros(policy(folder, 200, 5, PolicyBench::condition), rounds);
      double crowded = micros(policy(folder, 1, 1_000, PolicyBench::condition), rounds);
      double hard = micros(policy(folder, 1, 1_000, PolicyBench::pattern), rounds);
      var figures = new ArrayList<Figure>();
      figures.add(
          Figure.atLeast(
              "20 rules, five about the type", 1e6 / usual, "decisions per CPU-second", 100_000));
      figures.add(Figure.of("20 rules, five about the type", usual, "us per decision"));
      figures.add(Figure.of("1,000 rules, five about the type", many, "us per decision", 100));
      figures.add(Figure.of("1,000 rules, all about the type", crowded, "us per decision", 100));
      figures.add(
          Figure.of("1,000 rules, each its own regular expression", hard, "us per decision"));
      counted(folder, figures);
      return new Report("policy", figures);
    } finally {
      EmbeddedPostgres.delete(folder); // as root the cluster lies elsewhere
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Policy policy(Path folder, int types, int rulesEach, IntFunction<String> condition)
      throws IOException {
    return policy(folder, types, rulesEach, condition, "");
  }

  private static Policy policy(
      Path folder, int types, int rulesEach, IntFunction<String> condition, String head)
      throws IOException {
    var typesFile = new StringBuilder("types:\n");
    var rules = new StringBuilder(head);
    rules.append("attributes:\n  refund_limit: { type: int }\n  team: { type: string }\n");
    rules.append("caps: { hard_cap: 200000 }\nrules:\n");
    for (int type = 0; type < types; type++) {
      typesFile.append(type(type));
      for (int rule = 0; rule < rulesEach; rule++) {
        rules.append(
            """
              - name: r-%d-%d
                type: urn:bench:%d
                when: "%s"
                then: %s
            """
                .formatted(
                    type, rule, type, condition.apply(rule), rule % 5 == 0 ? "permit" : "step_up"));
      }
    }
    Path typesPath = Files.writeString(folder.resolve("types.yaml"), typesFile);
    Path policyPath = Files.writeString(folder.resolve("policy.yaml"), rules);
    return Policy.load(policyPath, TypeRegistry.load(typesPath));
  }

  private static String condition(int rule) {
    String amount = "request.operationDetails.instructedAmount.amount";
    return switch (rule % 5) {
      case 0 -> amount + " <= subject.refund_limit";
      case 1 -> amount + " > caps.hard_cap + " + rule;
      case 2 ->
          "request.operationDetails.instructedAmount.currency in ['EUR', 'GBP'] && "
              + amount
              + " > "
              + rule;
      case 3 -> "subject.team == 'team-" + rule + "' && now.getHours('Europe/Berlin') < 6";
      default -> "size(requests) > 1 && client != 'gateway'";
    };
  }

  /// What only CEL can answer, different for each rule; the first one permits.
  private static String pattern(int rule) {
    return "request.operationDetails.creditorAccount.identification.matches('^R-88"
        + (rule == 0 ? 4 : "[5-9]-" + rule)
        + "')";
  }

  private static String type(int number) {
    return """
      - name: urn:bench:%d
        sentence: Refund
        schema:
          type: object
          required: [operationDetails]
          properties:
            operationDetails:
              type: object
              required: [action, instructedAmount, creditorAccount]
              properties:
                action: { const: process_refund }
                instructedAmount:
                  type: object
                  required: [currency, amount]
                  properties:
                    currency: { enum: [USD, EUR, GBP] }
                    amount: { type: integer, minimum: 1, maximum: 1000000000 }
                creditorAccount:
                  type: object
                  required: [identification]
                  properties:
                    identification: { type: string, pattern: "^R-[0-9]{3}-[0-9]{4}$" }
    """
        .formatted(number);
  }

  private static AccessRequest request(String subject, long amount) {
    Map<String, Attribute> facts =
        Map.of(
            "refund_limit", new Attribute(StrictJson.parse("5000"), "claim", NOON),
            "team", new Attribute(StrictJson.parse("\"emea\""), "claim", NOON));
    return new AccessRequest(
        subject,
        "okta",
        facts,
        "gateway",
        "gateway",
        Set.of("refund:write"),
        AuthorizationDetails.parse(REFUND.formatted(amount)),
        NOON);
  }

  /// Processor microseconds of this thread for one decision, the median of the rounds.
  private static double micros(Policy policy, int rounds) {
    var threads = ManagementFactory.getThreadMXBean();
    AccessRequest request = request("okta|00u1", 4_000);
    int batch = Math.max(200, BATCH / Math.max(1, policy.rulesAbout("urn:bench:0") / 5));
    for (int i = 0; i < batch * 2; i++) {
      decide(policy, request);
    }
    double[] micros = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      long begin = threads.getCurrentThreadCpuTime();
      for (int i = 0; i < batch; i++) {
        decide(policy, request);
      }
      micros[round] = (threads.getCurrentThreadCpuTime() - begin) / 1e3 / batch;
    }
    Arrays.sort(micros);
    return micros[rounds / 2];
  }

  private static void decide(Policy policy, AccessRequest request) {
    if (!(policy.decide(request) instanceof Decision.Permit)) {
      throw new IllegalStateException("this request is to be permitted");
    }
  }

  private void counted(Path folder, List<Figure> figures) throws IOException {
    Policy plain = policy(folder, 4, 5, PolicyBench::condition);
    Policy counting =
        policy(
            folder,
            4,
            5,
            PolicyBench::condition,
            """
            counters:
              today:
                measure: sum
                type: urn:bench:0
                value: request.operationDetails.instructedAmount.amount
                per: subject
                within: 24h
              payees:
                measure: distinct
                type: urn:bench:0
                value: request.operationDetails.creditorAccount.identification
                per: subject
                within: 1h
            """);
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(folder.resolve("data"))) {
      StateDatabase state =
          StateDatabase.provision(
              postgres.superuser(), folder.resolve("data").resolve("secrets"), List.of("sts"));
      Migrations.run(state.owner(), "sts", StateDatabase.user("sts"), StsBox.MIGRATIONS);
      DatabaseSettings settings = state.box("sts");
      try (Database database = Database.open("bench", settings, 4)) {
        double[] without = roundTrips(database, plain);
        double[] with = roundTrips(database, counting);
        figures.add(Figure.of("round trips, no counter", without[0], "per decision"));
        figures.add(Figure.of("round trips, two counters", with[0], "per decision"));
        figures.add(
            Figure.of("added by counters", with[0] - without[0], "round trips per decision", 1));
        figures.add(Figure.of("wall, no counter, p50", without[1], "ms"));
        figures.add(Figure.of("wall, two counters, p50", with[1], "ms"));
      }
    }
  }

  /// Statements for one decision, each of which is one round trip, and the median time of one.
  private static double[] roundTrips(Database database, Policy policy) {
    var statements = new AtomicLong();
    var facts = new PgFacts(database);
    var decisions =
        new Decisions(
            new CurrentPolicy(policy),
            (subject, attributes, scopes, things) -> {
              statements.incrementAndGet();
              return facts.read(subject, attributes, scopes, things);
            },
            new CountingHistory(new PgHistory(database), statements),
            OutsideDecisions.NONE,
            (_, _, _, _) -> {},
            Set.of(),
            broken -> {
              throw broken;
            });
    for (int i = 0; i < 200; i++) {
      counted(decisions, "okta|warm-" + i % PEOPLE);
    }
    int rounds = 1_000;
    double[] millis = new double[rounds];
    statements.set(0);
    for (int i = 0; i < rounds; i++) {
      long begin = System.nanoTime();
      counted(decisions, "okta|" + i % PEOPLE);
      millis[i] = (System.nanoTime() - begin) / 1e6;
    }
    Arrays.sort(millis);
    return new double[] {statements.get() / (double) rounds, millis[rounds / 2]};
  }

  private static void counted(Decisions decisions, String subject) {
    Decisions.Known known = decisions.known(request(subject, 1));
    decisions.decide(
        known,
        Stage.FIRST,
        new Decisions.Intended(Ids.random(), "bench", NOON.plus(Duration.ofMinutes(1))));
  }

  /// Counts what is written.
  private record CountingHistory(HistoryStore store, AtomicLong statements)
      implements HistoryStore {
    @Override
    public Map<String, Kept> reserve(
        SortedMap<String, Kept> seen, Map<String, ScopeHistory> changed, @Nullable Grant grant) {
      statements.incrementAndGet();
      return store.reserve(seen, changed, grant);
    }

    @Override
    public void giveBack(String subject, String jti, List<Reserved> taken) {
      store.giveBack(subject, jti, taken);
    }

    @Override
    public List<Ended> ended(Instant now, Instant since, Instant until, int limit) {
      return store.ended(now, since, until, limit);
    }

    @Override
    public boolean settle(Ended ended, boolean wasUsed) {
      return store.settle(ended, wasUsed);
    }

    @Override
    public void forget(Instant before) {
      store.forget(before);
    }
  }
}
