package dev.countersign.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/// What an exchange costs: answers per processor second of the server process, with client
/// authentication, policy, replay checks and the durable ledger on, next to a bare handler that
/// only parses, verifies, signs and answers. Rounds alternate, medians count.
final class ExchangeBench {
  private static final int WARM_UP = 50_000;
  private static final int PORTION = 5_000;
  private static final int ROUND = 6_000;
  private static final int LATENCY_ROUND = 6_000;
  private static final double GOAL_RATIO = 0.60;
  private static final double GOAL_P99_MILLIS = 15;
  private static final ExchangeStage.Size USUAL = new ExchangeStage.Size(10_000, 10_000, 10_000);
  private static final ExchangeStage.Size TENFOLD =
      new ExchangeStage.Size(100_000, 100_000, 100_000);
  private static final ExchangeStage.Size LONG =
      new ExchangeStage.Size(10_000_000, 5_000_000, 100_000);
  private static final Duration WARM_KEYCLOAK = Duration.ofMinutes(2);
  private static final int KEYCLOAK_ROUND = 1_000;
  private static final double GOAL_KEYCLOAK = 10;
  private static final double GOAL_LEDGER = 0.90;

  private final int rounds;
  private final Extent extent;
  private final int connections;
  private final List<String> jvmOptions;

  /// How much to measure.
  enum Extent {
    /// One size.
    QUICK,
    /// Also tenfold people, grants and clients.
    USUAL,
    /// Instead ten million people and five million past grants.
    LONG
  }

  ExchangeBench(int rounds, Extent extent, int connections, List<String> jvmOptions) {
    this.rounds = rounds;
    this.extent = extent;
    this.connections = connections;
    this.jvmOptions = List.copyOf(jvmOptions);
  }

  Report run() throws IOException {
    var figures = new ArrayList<Figure>();
    double small = againstBare(USUAL, figures);
    switch (extent) {
      case QUICK -> {}
      case USUAL -> growth("tenfold", TENFOLD, small, figures);
      case LONG -> growth("10 million people, 5 million grants", LONG, small, figures);
    }
    return new Report("exchange", figures);
  }

  /// The same exchange at Keycloak, in production mode on PostgreSQL, warmed for two minutes.
  Report runAgainstKeycloak(Path home) throws IOException, InterruptedException {
    var figures = new ArrayList<Figure>();
    say("starting Keycloak");
    try (var keycloak = KeycloakPeer.open(KeycloakPeer.distribution(home));
        var stage = ExchangeStage.open(USUAL, jvmOptions)) {
      var theirLoad = new HttpLoad(keycloak.address(), connections);
      say("warming Keycloak for two minutes");
      long end = System.nanoTime() + WARM_KEYCLOAK.toNanos();
      while (System.nanoTime() < end) {
        theirLoad.flatOut(keycloak.make(KEYCLOAK_ROUND));
      }
      say("warming up");
      warm(stage.load(connections), stage::make);
      var ours = new ArrayList<Double>();
      var theirs = new ArrayList<Double>();
      var ourWall = new ArrayList<Double>();
      var theirWall = new ArrayList<Double>();
      for (int i = 0; i < rounds; i++) {
        Round round = round(stage.server(), stage.load(connections), stage.make(ROUND));
        ours.add(round.perCpuSecond());
        ourWall.add(round.perSecond());
        double before = keycloak.cpuSeconds();
        HttpLoad.Result result = theirLoad.flatOut(keycloak.make(KEYCLOAK_ROUND));
        theirs.add(KEYCLOAK_ROUND / (keycloak.cpuSeconds() - before));
        theirWall.add(result.perSecond());
        say(
            String.format(
                Locale.ROOT,
                "round %d: %.0f exchanges and %.0f of Keycloak per processor second",
                i + 1,
                ours.getLast(),
                theirs.getLast()));
      }
      figures.add(Figure.of("exchanges per processor second", median(ours), "/s"));
      figures.add(Figure.of("Keycloak's exchanges per processor second", median(theirs), "/s"));
      figures.add(
          Figure.atLeast(
              "ratio of the medians", median(ours) / median(theirs), "times", GOAL_KEYCLOAK));
      figures.add(
          Figure.of(
              "exchanges per second, " + connections + " connections", median(ourWall), "/s"));
      figures.add(
          Figure.of("Keycloak's, " + connections + " connections", median(theirWall), "/s"));
      return new Report("exchange against keycloak", figures);
    }
  }

  /// The same exchange with the durable ledger and without any.
  Report runAgainstNoLedger() throws IOException {
    var figures = new ArrayList<Figure>();
    try (var with = ExchangeStage.open(USUAL, jvmOptions);
        var without = ExchangeStage.withoutLedger(USUAL, jvmOptions)) {
      say("warming up");
      warm(with.load(connections), with::make);
      warm(without.load(connections), without::make);
      var on = new ArrayList<Round>();
      var off = new ArrayList<Round>();
      for (int i = 0; i < rounds; i++) {
        on.add(round(with.server(), with.load(connections), with.make(ROUND)));
        off.add(round(without.server(), without.load(connections), without.make(ROUND)));
        say(
            String.format(
                Locale.ROOT,
                "round %d: %.0f exchanges a second with the ledger, %.0f without",
                i + 1,
                on.getLast().perSecond(),
                off.getLast().perSecond()));
      }
      double onWall = median(on.stream().map(Round::perSecond).toList());
      double offWall = median(off.stream().map(Round::perSecond).toList());
      double onCpu = median(on.stream().map(Round::perCpuSecond).toList());
      double offCpu = median(off.stream().map(Round::perCpuSecond).toList());
      figures.add(Figure.of("exchanges per second with the ledger", onWall, "/s"));
      figures.add(Figure.of("exchanges per second without", offWall, "/s"));
      figures.add(Figure.atLeast("ratio of the medians", onWall / offWall, "", GOAL_LEDGER));
      figures.add(Figure.of("per processor second with the ledger", onCpu, "/s"));
      figures.add(Figure.of("per processor second without", offCpu, "/s"));
      figures.add(Figure.of("ratio per processor second", onCpu / offCpu, ""));
      figures.add(Figure.of("PostgreSQL's time per exchange with the ledger", database(on), "us"));
      figures.add(Figure.of("PostgreSQL's time without", database(off), "us"));
      return new Report("exchange with and without ledger", figures);
    }
  }

  private double againstBare(ExchangeStage.Size size, List<Figure> figures) throws IOException {
    try (var stage = ExchangeStage.open(size, jvmOptions);
        var bare = bare(stage)) {
      var bareLoad = new HttpLoad(bare.address(), connections);
      say("warming up");
      warm(stage.load(connections), stage::make);
      warm(bareLoad, count -> bareRequests(stage, bare, count));
      var ours = new ArrayList<Round>();
      var theirs = new ArrayList<Round>();
      var rsa = new ArrayList<Round>();
      for (int i = 0; i < rounds; i++) {
        ours.add(round(stage.server(), stage.load(connections), stage.make(ROUND)));
        rsa.add(
            round(
                stage.server(),
                stage.load(connections),
                stage.make(ROUND, TokenRequests.Proof.RS256)));
        theirs.add(round(bare, bareLoad, bareRequests(stage, bare, ROUND)));
        say(
            String.format(
                Locale.ROOT,
                "round %d: %.0f exchanges and %.0f bare answers per processor second",
                i + 1,
                ours.getLast().perCpuSecond(),
                theirs.getLast().perCpuSecond()));
      }
      double exchange = median(ours.stream().map(Round::perCpuSecond).toList());
      double handler = median(theirs.stream().map(Round::perCpuSecond).toList());
      double wall = median(ours.stream().map(Round::perSecond).toList());
      say("half load");
      HttpLoad.Result half = stage.load(connections).atRate(stage.make(LATENCY_ROUND), wall / 2);
      figures.add(Figure.of("exchanges per processor second", exchange, "/s"));
      figures.add(Figure.of("bare handler per processor second", handler, "/s"));
      figures.add(Figure.atLeast("ratio of the medians", exchange / handler, "", GOAL_RATIO));
      double withRsa = median(rsa.stream().map(Round::perCpuSecond).toList());
      figures.add(Figure.of("the same, clients that sign RS256", withRsa, "/s"));
      figures.add(Figure.of("ratio, clients that sign RS256", withRsa / handler, ""));
      figures.add(Figure.of("exchanges per second, " + connections + " connections", wall, "/s"));
      figures.add(Figure.of("PostgreSQL's processor time per exchange", database(ours), "us"));
      figures.add(Figure.of("p50 at half load", half.millisAt(0.50), "ms"));
      figures.add(Figure.of("p99 at half load", half.millisAt(0.99), "ms", GOAL_P99_MILLIS));
      return exchange;
    }
  }

  private void growth(String name, ExchangeStage.Size size, double small, List<Figure> figures)
      throws IOException {
    say(name);
    try (var stage = ExchangeStage.open(size, jvmOptions)) {
      warm(stage.load(connections), stage::make);
      var measured = new ArrayList<Round>();
      for (int i = 0; i < rounds; i++) {
        measured.add(round(stage.server(), stage.load(connections), stage.make(ROUND)));
      }
      double large = median(measured.stream().map(Round::perCpuSecond).toList());
      figures.add(Figure.of("exchanges per processor second, " + name, large, "/s"));
      figures.add(Figure.of("cost against the usual size, " + name, small / large, "times"));
      figures.add(Figure.of("PostgreSQL's time per exchange, " + name, database(measured), "us"));
    }
  }

  private ChildProcess bare(ExchangeStage stage) throws IOException {
    Path key = Files.createTempFile("countersign-bench-", ".jwk");
    try {
      Files.writeString(key, stage.requests().issuerKey().toPublicJWK().toJSONString());
      return ChildProcess.start(jvmOptions, BareServer.class, key.toString());
    } finally {
      Files.delete(key);
    }
  }

  private static List<byte[]> bareRequests(ExchangeStage stage, ChildProcess bare, int count) {
    return stage
        .requests()
        .make(bare.address(), stage.server().address(), count, TokenRequests.Proof.ES256);
  }

  // In portions: an assertion lives for a minute from when it was signed.
  private static void warm(HttpLoad load, IntFunction<List<byte[]>> requests) throws IOException {
    for (int sent = 0; sent < WARM_UP; sent += PORTION) {
      load.flatOut(requests.apply(PORTION));
    }
  }

  private static Round round(ChildProcess server, HttpLoad load, List<byte[]> requests)
      throws IOException {
    double before = server.cpuSeconds();
    double below = server.cpuSecondsBelow();
    HttpLoad.Result result = load.flatOut(requests);
    double spent = server.cpuSeconds() - before;
    return new Round(
        requests.size() / spent,
        result.perSecond(),
        (server.cpuSecondsBelow() - below) * 1e6 / requests.size());
  }

  private static double database(List<Round> rounds) {
    return median(rounds.stream().map(Round::databaseMicros).toList());
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private static void say(String line) {
    System.err.println("  " + line);
  }

  private record Round(double perCpuSecond, double perSecond, double databaseMicros) {}
}
