package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.FreePort;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Whom a rule names is told over HTTP, and told again where that fails at first.
class WebhookNoticeTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String DESK = "desk@acme.example";

  @Test
  void aNoticeThatTheWebhookRefusesAtFirstIsSentThereAgainUntilItIsTakenAndMailedOnce()
      throws IOException {
    var taken = new CopyOnWriteArrayList<ObjectNode>();
    var refusals = new AtomicInteger();
    HttpServer desk =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    desk.createContext(
        "/notices",
        call -> {
          ObjectNode notice = StrictJson.parseObject(call.getRequestBody().readAllBytes());
          boolean refused = refusals.getAndIncrement() == 0;
          if (!refused) {
            taken.add(notice);
          }
          call.sendResponseHeaders(refused ? 503 : 204, -1);
          call.close();
        });
    desk.start();
    URI webhook = URI.create("http://127.0.0.1:" + desk.getAddress().getPort() + "/notices");
    try (World world = new World();
        StsBox sts = replica(world, webhook)) {
      Person person = world.person();

      world.post(sts.baseUri(), world.exchangeForm(world.token(person), World.refund(2_000)));

      long end = System.nanoTime() + PATIENCE.toNanos();
      while (taken.isEmpty() && System.nanoTime() - end < 0) {
        LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        world.tick(Duration.ofSeconds(1)); // the pause before a repeat is the world's
      }
      assertThat(refusals.get()).isGreaterThan(1);
      assertThat(taken)
          .first()
          .satisfies(notice -> {
            assertThat(notice.path("subject").asString("")).isEqualTo(person.key());
            assertThat(notice.path("outcome").asString("")).isEqualTo("step_up");
            assertThat(notice.path("rules").toString()).contains("large");
            assertThat(notice.toString()).doesNotContainPattern("eyJ[A-Za-z0-9_-]+\\.eyJ");
          });
      World.until(() -> waiting(world) == 0); // what all have is forgotten
      assertThat(world.mailsTo(DESK)).as("the mail went through at the first try").hasSize(1);
    } finally {
      desk.stop(0);
    }
  }

  private static long waiting(World world) {
    return world.database.query(connection -> {
      try (var statement = connection.createStatement();
          var rows = statement.executeQuery("SELECT count(*) FROM notice")) {
        rows.next();
        return rows.getLong(1);
      }
    });
  }

  private static StsBox replica(World world, URI webhook) {
    Path types = World.file("types.yaml");
    Path policy = types.resolveSibling("../counters/policy.yaml").normalize();
    var told = new DecisionSettings.Told(List.of(DESK), webhook);
    return world.replica(
        FreePort.any(),
        new DecisionSettings(Map.of("desk", told), Map.of(), Optional.empty(), Map.of()),
        PolicyFiles.fixed(Policy.load(policy, TypeRegistry.load(types))));
  }
}
