package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.FreePort;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// A decision point of another maker, asked through AuthZEN.
class OutsideDecisionTest {
  private static final String SLOW = "slow";
  private static final AtomicReference<String> ANSWER =
      new AtomicReference<>("200 {\"decision\":true}");
  private static final AtomicReference<String> ASKED = new AtomicReference<>("");
  private static final CountDownLatch END = new CountDownLatch(1);
  private static final World WORLD = new World();
  private static final HttpServer OTHER = other();
  private static final StsBox ALSO = replica(false);
  private static final StsBox INSTEAD = replica(true);

  private static HttpServer other() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.createContext(
          "/access/v1/evaluation",
          exchange -> {
            String token = exchange.getRequestHeaders().getFirst("Authorization");
            ASKED.set(
                token
                    + "\n"
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            String answer = ANSWER.get();
            if (answer.equals(SLOW)) {
              try {
                END.await();
              } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
              }
              answer = "200 {\"decision\":true}";
            }
            byte[] body = answer.substring(4).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(Integer.parseInt(answer.substring(0, 3)), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
      return server;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static StsBox replica(boolean isAlone) {
    Path policy = World.file("policy.yaml");
    var outside =
        new DecisionSettings.Outside(
            isAlone,
            URI.create(
                "http://127.0.0.1:" + OTHER.getAddress().getPort() + "/access/v1/evaluation"),
            new Secret("outside-token"),
            Duration.ofMillis(400));
    return WORLD.replica(
        FreePort.any(),
        new DecisionSettings(Map.of(), Map.of(), Optional.of(outside), Map.of()),
        PolicyFiles.fixed(
            Policy.load(policy, TypeRegistry.load(policy.resolveSibling("types.yaml")))));
  }

  @AfterAll
  static void close() {
    END.countDown();
    ALSO.close();
    INSTEAD.close();
    OTHER.stop(0);
    WORLD.close();
  }

  private static Answer exchange(StsBox replica, long cents) {
    var person = WORLD.person();
    return WORLD.post(
        replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
  }

  @Test
  void bothMustPermit() {
    ANSWER.set("200 {\"decision\":true,\"context\":{\"x\":1}}");
    assertThat(exchange(ALSO, 100).status()).isEqualTo(200);
    assertThat(exchange(ALSO, 9_000).text("scope")).isEqualTo("mfa_challenge");

    ASKED.set("");
    assertThat(exchange(ALSO, 300_000).text("error")).isEqualTo("access_denied");
    assertThat(ASKED.get()).as("what our own rules deny is not asked about").isEmpty();

    ANSWER.set("200 {\"decision\":false}");
    assertThat(exchange(ALSO, 100).text("error")).isEqualTo("access_denied");
    assertThat(exchange(ALSO, 9_000).text("error")).isEqualTo("access_denied");
  }

  @Test
  void insteadOfOurRulesItAloneDecides() {
    ANSWER.set("200 {\"decision\":true}");
    assertThat(exchange(INSTEAD, 300_000).status()).isEqualTo(200);

    ANSWER.set("200 {\"decision\":false}");
    Answer refused = exchange(INSTEAD, 100);
    assertThat(refused.text("error")).isEqualTo("access_denied");
    assertThat(refused.json().path("rules").path(0).path("rule").stringValue())
        .isEqualTo("(decision point)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        SLOW,
        "500 {\"decision\":true}",
        "201 {\"decision\":true}",
        "200 {\"decision\":\"true\"}",
        "200 {\"decision\":1}",
        "200 {\"decision\":false,\"decision\":true}",
        "200 {}",
        "200 true",
        "200 ",
      })
  void F07_whatIsNotPlainlyYesInTimeIsNo(String answer) {
    ANSWER.set(answer);

    assertThat(exchange(ALSO, 100).text("error")).isEqualTo("access_denied");
    assertThat(exchange(INSTEAD, 100).text("error")).isEqualTo("access_denied");
  }

  @Test
  void itIsToldWhoAsksForWhatAndProvenWhoAsks() {
    ANSWER.set("200 {\"decision\":true}");
    exchange(ALSO, 100);

    String[] asked = ASKED.get().split("\n", 2);
    assertThat(asked[0]).isEqualTo("Bearer outside-token");
    ObjectNode question = StrictJson.parseObject(asked[1]);
    assertThat(question.path("subject").path("type").stringValue()).isEqualTo("user");
    assertThat(question.path("subject").path("id").stringValue()).startsWith("okta|");
    assertThat(question.path("subject").path("properties").path("refund_limit").longValue())
        .isEqualTo(5000);
    assertThat(question.path("subject").path("properties").has("mail")).isFalse();
    assertThat(question.path("action").path("name").stringValue()).isEqualTo("process_refund");
    assertThat(question.path("resource").path("type").stringValue()).isEqualTo(World.REFUND);
    assertThat(
            question
                .path("resource")
                .path("properties")
                .path("operationDetails")
                .path("instructedAmount")
                .path("amount")
                .longValue())
        .isEqualTo(100);
    assertThat(question.path("context").path("client_id").stringValue()).isEqualTo("gateway");
  }
}
