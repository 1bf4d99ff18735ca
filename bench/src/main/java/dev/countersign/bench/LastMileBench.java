package dev.countersign.bench;

import dev.countersign.bench.LoginSequence.Login;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.postgres.PgTargetDatabase;
import dev.countersign.gateway.postgres.PgStatements;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// What a login for one request costs on the target database: mint, connect, one statement, revoke.
/// Our sequence, Vault's default one and the one with REASSIGN and DROP OWNED take turns, so that
/// whatever else the machine does hits all three alike.
final class LastMileBench {
  private static final int WARM_UP = 300;
  private static final int CLIENTS = 16;
  private static final int CYCLES_OF_A_CLIENT = 100;
  private static final int LONG_CYCLES = 100_000;
  private static final int VACUUM_EVERY = 5_000;
  private static final int SIZE_EVERY = 10_000;
  private static final double MILLIS = 1e6;
  private static final double KIB = 1024;

  private final int rounds;
  private final boolean isLong;
  private final Optional<DatabaseSettings> server;

  /// @param isLong whether to run a hundred thousand cycles as well
  /// @param server a superuser of a server of your own; empty for the embedded one
  LastMileBench(int rounds, boolean isLong, Optional<DatabaseSettings> server) {
    this.rounds = rounds;
    this.isLong = isLong;
    this.server = server;
  }

  Report run() throws IOException, SQLException {
    try (var database =
            server.isPresent() ? LastMileDatabase.on(server.get()) : LastMileDatabase.embedded();
        var engine =
            new PgTargetDatabase(
                new BrokerConfig.Target("bench", database.mint()), CLIENTS, FaultPoint.Hook.NONE);
        var ours = LoginSequence.ours(engine, database.owner(0));
        var vault = LoginSequence.vault(database.owner(1));
        var reassign = LoginSequence.reassign(database.owner(2))) {
      var figures = new ArrayList<Figure>();
      interleaved(List.of(ours, vault, reassign), figures);
      parallel(ours, figures);
      if (isLong) {
        flat(database, ours, figures);
      }
      figures.add(Figure.of("left over", Double.parseDouble(database.leftOvers()), "logins", 0));
      return new Report("lastmile", figures);
    }
  }

  private void interleaved(List<LoginSequence> sequences, List<Figure> figures)
      throws SQLException {
    for (int i = 0; i < WARM_UP; i++) {
      for (LoginSequence sequence : sequences) {
        cycle(sequence);
      }
    }
    double[][] whole = new double[sequences.size()][rounds];
    double[] mints = new double[rounds];
    double[] connects = new double[rounds];
    double[] revokes = new double[rounds];
    double[] others = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      for (int s = 0; s < sequences.size(); s++) {
        Times times = cycle(sequences.get(s));
        whole[s][i] = times.whole();
        if (s == 0) {
          mints[i] = times.mint();
          connects[i] = times.use();
          revokes[i] = times.revoke();
        } else if (s == 2) {
          others[i] = times.use();
        }
      }
    }
    double ours = median(whole[0]);
    figures.add(Figure.of("ours: mint, connect, statement, revoke, median", ours, "ms"));
    figures.add(Figure.of("Vault's default statements, median", median(whole[1]), "ms"));
    figures.add(Figure.of("REASSIGN and DROP OWNED, median", median(whole[2]), "ms"));
    figures.add(Figure.of("ours against Vault's default", ours / median(whole[1]), "times", 0.30));
    figures.add(
        Figure.of("ours against REASSIGN and DROP OWNED", ours / median(whole[2]), "times", 0.70));
    figures.add(Figure.of("mint, median", median(mints), "ms", 1.5));
    figures.add(Figure.of("connect and statement, median", median(connects), "ms"));
    figures.add(
        Figure.of("connect and statement of REASSIGN and DROP OWNED", median(others), "ms"));
    figures.add(Figure.of("revoke, median", median(revokes), "ms", 1.5));
  }

  private static Times cycle(LoginSequence sequence) throws SQLException {
    long start = System.nanoTime();
    Login login = sequence.mint();
    long minted = System.nanoTime();
    use(sequence.owner(), login);
    long used = System.nanoTime();
    sequence.revoke(login);
    long revoked = System.nanoTime();
    return new Times(
        (minted - start) / MILLIS, (used - minted) / MILLIS, (revoked - used) / MILLIS);
  }

  // As the gateway connects, whoever made the login.
  private static void use(DatabaseSettings database, Login login) throws SQLException {
    var properties = new Properties();
    properties.setProperty("user", login.user());
    properties.setProperty("password", login.password().reveal());
    PgStatements.quickly(properties);
    try (Connection connection = DriverManager.getConnection(database.url(), properties);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(LastMileDatabase.STATEMENT)) {
      rows.next();
    }
  }

  private static void parallel(LoginSequence ours, List<Figure> figures) {
    var errors = new AtomicInteger();
    long start = System.nanoTime();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int client = 0; client < CLIENTS; client++) {
        threads.execute(() -> {
          for (int i = 0; i < CYCLES_OF_A_CLIENT; i++) {
            try {
              ours.revoke(ours.mint());
            } catch (RuntimeException | SQLException failed) {
              errors.incrementAndGet();
            }
          }
        });
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    figures.add(Figure.of("16 clients: errors", errors.get(), "of 1600", 0));
    figures.add(
        Figure.of("16 clients: mint and revoke", CLIENTS * CYCLES_OF_A_CLIENT / seconds, "per s"));
  }

  private static void flat(LastMileDatabase database, LoginSequence ours, List<Figure> figures)
      throws SQLException {
    database.vacuumCatalog();
    double before = Double.parseDouble(database.catalog());
    sizes(database, 0, figures);
    double[] first = new double[VACUUM_EVERY];
    double[] last = new double[VACUUM_EVERY];
    for (int i = 0; i < LONG_CYCLES; i++) {
      long start = System.nanoTime();
      ours.revoke(ours.mint());
      double millis = (System.nanoTime() - start) / MILLIS;
      if (i < VACUUM_EVERY) {
        first[i] = millis;
      }
      last[i % VACUUM_EVERY] = millis;
      if (i % VACUUM_EVERY == VACUUM_EVERY - 1) {
        database.vacuumCatalog();
      }
      if (i % SIZE_EVERY == SIZE_EVERY - 1) {
        sizes(database, i + 1, figures);
      }
    }
    double start = median(first);
    double end = median(last);
    figures.add(Figure.of("mint and revoke, first 5,000, median", start, "ms"));
    figures.add(Figure.of("mint and revoke, last 5,000 of 100,000, median", end, "ms"));
    figures.add(Figure.of("last against first", end / start, "times", 1.2));
    figures.add(
        Figure.of(
            "catalog of roles, last against first",
            Double.parseDouble(database.catalog()) / before,
            "times"));
  }

  private static void sizes(LastMileDatabase database, int cycles, List<Figure> figures)
      throws SQLException {
    for (String table : LastMileDatabase.CATALOG) {
      figures.add(
          Figure.of(
              "%s after %,d cycles".formatted(table, cycles),
              Double.parseDouble(database.size(table)) / KIB,
              "KiB"));
    }
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private record Times(double mint, double use, double revoke) {
    double whole() {
      return mint + use + revoke;
    }
  }
}
