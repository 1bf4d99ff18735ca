package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.server.config.Installation;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign serve`: runs all boxes of one configuration until it is told to stop.
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Runs all boxes of one configuration until Ctrl-C.")
final class ServeCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--fresh", description = "delete the embedded PostgreSQL's data first")
  private boolean fresh;

  @Option(
      names = "--log",
      paramLabel = "human|json",
      description = "how log lines look; default: ${DEFAULT-VALUE}")
  private Logs.Format log = Logs.Format.HUMAN;

  @Override
  public Integer call() throws InterruptedException {
    Logs.configure(log);
    InstantSource clock = InstantSource.system();
    Instant start = clock.instant();
    if (fresh) {
      Installation checked = Installation.read(config.file(), config.variables());
      EmbeddedPostgres.delete(checked.data());
    }
    var progress = new Progress(System.out, Progress.isTerminal());
    House house = House.open(config.file(), config.variables(), clock, progress);
    CountDownLatch stopped = stopOnSignal(house);
    progress.done(
        String.format(
            Locale.ROOT,
            "Countersign is ready after %.1f s. Ctrl-C ends it.",
            Duration.between(start, clock.instant()).toMillis() / 1000.0));
    Addresses.print(house, System.out);
    stopped.await();
    return 0;
  }

  /// From now on Ctrl-C and `kill` stop everything in order. Returns what is open until then.
  static CountDownLatch stopOnSignal(House house) {
    var stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(() -> {
                  house.close();
                  stopped.countDown();
                }));
    return stopped;
  }
}
