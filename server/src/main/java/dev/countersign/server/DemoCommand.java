package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.server.demo.Performance;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `countersign demo`: starts everything on this machine and plays the refunds story twice.
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description =
        "Starts everything on this machine and plays the refunds story twice: Entra, Okta.",
    footer = {"", "Exit code 0: every step had its expected outcome."})
final class DemoCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Option(names = "--keep", description = "leave everything running afterwards, until Ctrl-C")
  private boolean keep;

  @Option(
      names = "--open",
      description = "play no story; leave everything running and say where to sign in and chat")
  private boolean open;

  @Option(
      names = "--fresh",
      description = "delete what earlier runs left, keys and ledger included")
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
    Path data = config.demoData();
    if (fresh) {
      EmbeddedPostgres.delete(data);
    }
    var variables = new HashMap<>(config.variables());
    variables.put(ConfigOption.DATA, data.toString());
    variables.putAll(Ports.choose(System.out::println));
    var progress = new Progress(System.out, Progress.isTerminal());
    House house = House.open(ConfigOption.example(), variables, clock, progress, true);
    CountDownLatch stopped = ServeCommand.stopOnSignal(house);
    try {
      progress.done(
          String.format(
              Locale.ROOT,
              "All boxes, two identity providers, a mail server and PostgreSQL run after %.1f s.",
              seconds(start, clock)));
      if (open) {
        Addresses.print(house, System.out);
        Addresses.printPeople(house, System.out);
        stopped.await();
        return 0;
      }
      int unexpected = new Performance(house, System.out, Progress.isTerminal(), clock).play();
      System.out.println();
      System.out.println(
          "  ./countersign trace <jti>     shows one call, trace alone the newest entries");
      if (keep) {
        Addresses.print(house, System.out);
        System.out.println();
        System.out.println("Everything keeps running. Ctrl-C ends it.");
        stopped.await();
      } else {
        System.out.println(
            "  ./countersign demo --keep     leaves it all running: console, ledger, mails, pages");
        System.out.println(
            "  ./countersign demo --open     starts it all for you to sign in and chat yourself");
      }
      return unexpected == 0 ? 0 : 1;
    } finally {
      house.close();
    }
  }

  private static double seconds(Instant start, InstantSource clock) {
    return Duration.between(start, clock.instant()).toMillis() / 1000.0;
  }
}
