package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.server.config.Installation;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign drill`: a kill of a test person, end to end, with the times against goals.
@Command(
    name = "drill",
    mixinStandardHelpOptions = true,
    description = "Rehearses a kill with a test person and reports its times against goals.",
    footer = {
      "",
      "It is a real kill: the person's sessions end at the identity provider too. Name nobody who",
      "works. Afterwards the person is let in again.",
      "Exit code 0: every place was reached, within the goals. 1: not so."
    })
final class DrillCommand implements Callable<Integer> {
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration TOKENS_GOAL = Duration.ofSeconds(1);
  private static final Duration LEASES_GOAL = Duration.ofSeconds(2);
  private static final Duration PROVIDER_GOAL = Duration.ofSeconds(3);

  @Mixin private ConfigOption config = new ConfigOption();
  @Mixin private OperatorCall operator = new OperatorCall();

  @Parameters(
      index = "0",
      paramLabel = "<person>",
      description = "the test person's subject key: the anchor, |, the stable id there")
  private String person = "";

  @Option(
      names = "--wait",
      paramLabel = "<seconds>",
      description = "how long to wait for the last place; default: ${DEFAULT-VALUE}",
      defaultValue = "60")
  private int wait = 60;

  @Option(
      names = "--token",
      paramLabel = "<file>",
      description = "a file with a token of the test person: userinfo is asked until it is refused")
  private @Nullable Path token;

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("drill", state.auditor(), 1)) {
      var ledger = new PgLedgerReader(auditor.dataSource());
      URI sts = installation.sts().issuer();
      Optional<UserInfoProbe> probe =
          Optional.ofNullable(token).map(file -> UserInfoProbe.of(sts, file));
      long start = System.nanoTime();
      String txn = operator.send(installation, "/v1.0/auth/kills", person, "a drill");
      Duration refused = Duration.ofNanos(System.nanoTime() - start);
      Optional<Duration> seen = Optional.empty();
      Optional<KillTimes> times;
      try {
        seen = probe.flatMap(asked -> asked.refused(start, Duration.ofSeconds(wait)));
        times = finished(ledger, txn);
      } finally {
        operator.send(installation, "/v1.0/auth/openings", person, "the drill is over");
      }
      boolean isSeen =
          probe.isEmpty() || goal("userinfo refuses the person's token", seen, TOKENS_GOAL);
      return report(refused, times, isSeen);
    }
  }

  private Optional<KillTimes> finished(PgLedgerReader ledger, String txn) {
    long end = System.nanoTime() + Duration.ofSeconds(wait).toNanos();
    while (true) {
      Optional<KillTimes> times = KillTimes.of(txn, ledger.trace(txn));
      if (times.filter(KillTimes::isFinished).isPresent() || System.nanoTime() - end > 0) {
        return times;
      }
      LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }
  }

  private int report(Duration refused, Optional<KillTimes> times, boolean isSeen) {
    if (times.isEmpty()) {
      System.out.println("The ledger has nothing of the kill after " + wait + " s.");
      return 1;
    }
    System.out.print(times.get().text());
    String anchor = person.substring(0, Math.max(0, person.indexOf('|')));
    List<Boolean> goals =
        List.of(
            goal(
                "own tokens refused (the operator's call returned)",
                Optional.of(refused),
                TOKENS_GOAL),
            goal("leases and connections gone", times.get().step("broker"), LEASES_GOAL),
            goal("identity provider called", times.get().called(anchor), PROVIDER_GOAL));
    System.out.println(
        "  identity provider answered after "
            + times.get().step(anchor).map(time -> time.toMillis() + " ms").orElse("no answer"));
    boolean all = goals.stream().allMatch(met -> met) && isSeen && times.get().isComplete();
    System.out.println(all ? "The drill met every goal." : "The drill missed a goal.");
    return all ? 0 : 1;
  }

  private static boolean goal(String what, Optional<Duration> took, Duration goal) {
    boolean met = took.filter(time -> time.compareTo(goal) < 0).isPresent();
    System.out.println(
        String.format(
            Locale.ROOT,
            "  %-4s  %-52s %9s   goal %d ms",
            met ? "met" : "MISS",
            what,
            took.map(time -> time.toMillis() + " ms").orElse("not done"),
            goal.toMillis()));
    return met;
  }
}
