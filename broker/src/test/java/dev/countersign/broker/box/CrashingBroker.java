package dev.countersign.broker.box;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Listener;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.FaultPoint;
import dev.countersign.broker.LoginLimits;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.VerificationKeys;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;

/// A broker as a process of its own, to be killed: it stops at one [FaultPoint], says so, and goes
/// on when it is told to.
///
/// Says `READY <address>`, `REACHED`, `SWEPT <orphans> <overdue>`. Understands `go` and `sweep`,
/// which sweeps as if ten minutes had passed.
final class CrashingBroker {
  static final URI BROKER = URI.create("http://broker.example");
  static final String ISSUER = "http://sts.example";
  static final String GATEWAY = "http://gateway.example/mcp";

  private CrashingBroker() {}

  static void main(String[] arguments) throws Exception {
    var settings = new Properties();
    try (var reader = Files.newBufferedReader(Path.of(arguments[0]))) {
      settings.load(reader);
    }
    var clock = new Clock();
    var released = new CountDownLatch(1);
    String point = settings.getProperty("point");
    FaultPoint.Hook hook =
        reached -> {
          if (reached.name().equals(point) && released.getCount() > 0) {
            say("REACHED");
            await(released);
          }
        };
    try (Database state = Database.open("broker", database(settings, "state"), 8);
        BrokerBox broker = start(settings, state, clock, hook)) {
      say("READY " + broker.baseUri());
      var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        if (line.equals("go")) {
          released.countDown();
        } else {
          clock.pass(Duration.ofMinutes(10));
          sweep(broker);
        }
      }
    }
  }

  private static void sweep(BrokerBox broker) {
    try {
      broker.sweeper().sweep();
      say("SWEPT " + broker.sweeper().orphans() + " " + broker.sweeper().overdue());
    } catch (RuntimeException away) {
      say("SWEPT away");
    }
  }

  /// Starts a broker over these settings, in this process.
  static BrokerBox start(
      Properties settings, Database state, InstantSource clock, FaultPoint.Hook hook)
      throws ParseException {
    var gateway = ECKey.parse(settings.getProperty("gateway"));
    List<RoleMapping> mappings =
        List.of(
            RoleMapping.of(
                "urn:smt:agent:refund|process_refund", List.of(new SqlName("refunds_write"))));
    var role =
        new BrokerConfig.Role(
            "refunds",
            "refunds",
            BrokerConfig.Access.of(GATEWAY, Set.of("gateway")),
            Duration.ofMinutes(5),
            Duration.ofMinutes(8),
            LoginLimits.USUAL,
            mappings);
    var config =
        new BrokerConfig(
            BROKER,
            Listener.loopback(0),
            new BrokerConfig.TokenIssuer(ISSUER, URI.create(settings.getProperty("jwks"))),
            List.of(new BrokerConfig.Target("refunds", database(settings, "target"))),
            List.of(role),
            Map.of("gateway", KeySource.of(VerificationKeys.of(List.of(gateway.toPublicJWK())))),
            "gateway");
    return BrokerBox.start(
        config,
        state,
        ledger(Path.of(settings.getProperty("ledger"))),
        clock,
        UnaryOperator.identity(),
        hook);
  }

  private static Ledger ledger(Path file) {
    return entry -> {
      try {
        Files.writeString(
            file,
            entry.event() + " " + entry.jti() + " " + entry.data() + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND,
            StandardOpenOption.SYNC);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    };
  }

  static DatabaseSettings database(Properties settings, String name) {
    return new DatabaseSettings(
        settings.getProperty(name + ".url"),
        settings.getProperty(name + ".user"),
        new Secret(settings.getProperty(name + ".password")));
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static void await(CountDownLatch released) {
    try {
      released.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// The real time, and what was added to it.
  static final class Clock implements InstantSource {
    private volatile Duration ahead = Duration.ZERO;

    void pass(Duration time) {
      ahead = ahead.plus(time);
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(System.currentTimeMillis()).plus(ahead);
    }
  }
}
