package dev.countersign.bench;

import dev.countersign.protocol.Secret;
import dev.countersign.server.KillTimes;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/// How long a kill takes. Each round is a person of its own with a token, a lease and a database
/// session from each replica; an operator ends them at one replica after the other, and what is
/// seen from outside is timed from the decision.
final class KillBench {
  private static final int WARM_UP = 5;
  private static final Duration LOOK_EVERY = Duration.ofMillis(5);
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String STATEMENT_CANCELLED = "57014";

  private static final String TOKENS = "own tokens refused, every replica";
  private static final String CONNECTIONS = "database connections gone, every replica";
  private static final String LEASES = "leases gone";
  private static final String CALLED = "identity provider called";
  private static final String LAST = "last session ended";
  private static final Map<String, Double> GOALS =
      Map.of(TOKENS, 1_000.0, CONNECTIONS, 2_000.0, LEASES, 2_000.0, CALLED, 3_000.0);

  private final KillStage stage;
  private final int rounds;
  private final InstantSource clock = InstantSource.system();
  private final Map<String, List<Double>> hops = new LinkedHashMap<>();

  KillBench(KillStage stage, int rounds) {
    this.stage = stage;
    this.rounds = rounds;
  }

  Report run() throws Exception {
    for (int i = 0; i < WARM_UP; i++) {
      round(i);
    }
    hops.clear();
    for (int i = 0; i < rounds; i++) {
      round(WARM_UP + i);
    }
    var figures = new ArrayList<Figure>();
    figures.add(Figure.of("kills, each at one of three replicas", rounds, ""));
    hops.forEach((hop, times) -> {
      double[] sorted = times.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      figures.add(Figure.of(hop + ", p50", at(sorted, 0.50), "ms"));
      String worst = hop + ", p99";
      Double goal = GOALS.get(hop);
      figures.add(
          goal == null
              ? Figure.of(worst, at(sorted, 0.99), "ms")
              : Figure.of(worst, at(sorted, 0.99), "ms", goal));
    });
    return new Report("kill", figures);
  }

  private void round(int number) throws Exception {
    String person = "p" + number;
    String signIn = stage.provider().signIn(person);
    var tokens = new ArrayList<Secret>();
    var connections = new ArrayList<Connection>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int replica = 0; replica < KillStage.REPLICAS; replica++) {
        tokens.add(stage.exchange(replica, signIn));
        connections.add(stage.connect(replica, tokens.getLast()));
      }
      var refused = new ArrayList<Future<Instant>>();
      var ended = new ArrayList<Future<Instant>>();
      for (int replica = 0; replica < KillStage.REPLICAS; replica++) {
        int here = replica;
        requireIn(here, tokens.get(here));
        refused.add(threads.submit(refusedAt(here, tokens.get(here))));
        ended.add(threads.submit(endedAt(connections.get(here))));
      }
      String txn = stage.kill(number % KillStage.REPLICAS, "bench|" + person);
      Instant lastRefused = latest(refused);
      Instant lastEnded = latest(ended);
      note(person, finished(txn), lastRefused, lastEnded);
    } finally {
      for (Connection connection : connections) {
        connection.close();
      }
    }
  }

  private void note(String person, KillTimes times, Instant lastRefused, Instant lastEnded) {
    Duration refused = Duration.between(times.decidedAt(), lastRefused);
    Duration ended = Duration.between(times.decidedAt(), lastEnded);
    Instant told =
        stage
            .provider()
            .toldAt(person)
            .orElseThrow(() -> new IllegalStateException("the identity provider was not told"));
    Duration answered = required(times, times.step("bench"), "the identity provider's answer");
    note(TOKENS, refused);
    note("event accepted", required(times, times.hop("event accepted"), "event accepted"));
    note("event received", required(times, times.hop("event received"), "event received"));
    note(LEASES, required(times, times.step("broker"), "the broker's answer"));
    note(CONNECTIONS, ended);
    note(CALLED, Duration.between(times.decidedAt(), told));
    note("identity provider answered", answered);
    note(LAST, List.of(refused, ended, answered).stream().max(Duration::compareTo).orElseThrow());
  }

  private void note(String hop, Duration time) {
    hops.computeIfAbsent(hop, _ -> new ArrayList<>()).add(time.toNanos() / 1e6);
  }

  private static Duration required(KillTimes times, Optional<Duration> hop, String what) {
    return hop.orElseThrow(() -> new IllegalStateException(what + " is missing:\n" + times.text()));
  }

  /// A token that is not good before the kill would prove nothing.
  private void requireIn(int replica, Secret token) {
    int status = stage.userInfo(replica, token);
    if (status != 200) {
      throw new IllegalStateException("userinfo answers " + status + " before the kill");
    }
  }

  private Callable<Instant> refusedAt(int replica, Secret token) {
    return () -> {
      while (stage.userInfo(replica, token) != 401) {
        LockSupport.parkNanos(LOOK_EVERY.toNanos());
      }
      return clock.instant();
    };
  }

  /// The session is in the middle of a statement when it ends.
  private Callable<Instant> endedAt(Connection connection) {
    return () -> {
      while (true) {
        try (Statement statement = connection.createStatement()) {
          statement.execute("SELECT pg_sleep(60)");
        } catch (SQLException gone) {
          if (!STATEMENT_CANCELLED.equals(gone.getSQLState())) {
            return clock.instant();
          }
        }
      }
    };
  }

  private KillTimes finished(String txn) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      Optional<KillTimes> times = KillTimes.of(txn, stage.ledger().trace(txn));
      if (times.filter(KillTimes::isComplete).isPresent()) {
        return times.get();
      }
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException(
            "the kill is not finished:\n" + times.map(KillTimes::text).orElse(txn));
      }
      LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }
  }

  private static Instant latest(List<Future<Instant>> times)
      throws InterruptedException, ExecutionException, TimeoutException {
    Instant latest = Instant.EPOCH;
    for (Future<Instant> time : times) {
      Instant one = time.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      latest = one.isAfter(latest) ? one : latest;
    }
    return latest;
  }

  private static double at(double[] sorted, double quantile) {
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
  }
}
