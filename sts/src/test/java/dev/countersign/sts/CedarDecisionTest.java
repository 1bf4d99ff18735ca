package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The Cedar engine decides about our requests, through AuthZEN.
class CedarDecisionTest {
  private static final String EVALUATION = "/access/v1/evaluation";
  private static final String TOKEN = "outside-token";
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  private static StsBox replica(
      int port, String path, String token, boolean isAlone, Duration timeout) {
    Path policy = World.file("policy.yaml");
    var outside =
        new DecisionSettings.Outside(
            isAlone, URI.create("http://127.0.0.1:" + port + path), new Secret(token), timeout);
    return WORLD.replica(
        FreePort.any(),
        new DecisionSettings(Map.of(), Map.of(), Optional.of(outside), Map.of()),
        PolicyFiles.fixed(
            Policy.load(policy, TypeRegistry.load(policy.resolveSibling("types.yaml")))));
  }

  private static Answer exchange(StsBox replica, long cents) {
    var person = WORLD.person();
    return WORLD.post(
        replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
  }

  private static void assertDenied(Answer answer) {
    assertThat(answer.text("error")).as(answer.body()).isEqualTo("access_denied");
    assertThat(answer.json().path("rules").path(0).path("rule").stringValue())
        .isEqualTo("(decision point)");
  }

  @Test
  void itPermitsAndDeniesAloneByTheAmountAndThePerson() {
    try (var cedar = new NodeProgram("cedar.mjs");
        StsBox sts = replica(cedar.next().path("port").intValue(), EVALUATION, TOKEN, true, LONG)) {
      assertThat(exchange(sts, 5_000).status()).isEqualTo(200);
      assertDenied(exchange(sts, 5_001));
      assertDenied(exchange(sts, 666));
    }
  }

  @Test
  void besidesOurRulesBothMustPermit() {
    try (var cedar = new NodeProgram("cedar.mjs");
        StsBox sts =
            replica(cedar.next().path("port").intValue(), EVALUATION, TOKEN, false, LONG)) {
      assertThat(exchange(sts, 100).status()).isEqualTo(200);
      assertDenied(exchange(sts, 666)); // our own rules permit it
    }
  }

  @Test
  void F07_whatIsNoDecisionIsADenial() {
    try (var cedar = new NodeProgram("cedar.mjs")) {
      int port = cedar.next().path("port").intValue();
      try (StsBox stranger = replica(port, EVALUATION, "of-somebody-else", true, LONG);
          StsBox elsewhere =
              replica(port, "/.well-known/authzen-configuration", TOKEN, true, LONG)) {
        assertDenied(exchange(stranger, 100));
        assertDenied(exchange(elsewhere, 100));
      }
    }
  }

  @Test
  void F07_aDecisionPointThatHangsOrIsDownDenies() throws IOException, InterruptedException {
    try (var cedar = new NodeProgram("cedar.mjs")) {
      int port = cedar.next().path("port").intValue();
      try (StsBox sts = replica(port, EVALUATION, TOKEN, true, Duration.ofMillis(700))) {
        World.until(() -> exchange(sts, 100).status() == 200);

        cedar.signal("STOP");
        assertDenied(exchange(sts, 100));
        cedar.signal("CONT");
        World.until(() -> exchange(sts, 100).status() == 200);

        cedar.signal("KILL");
        cedar.awaitEnd();
        assertDenied(exchange(sts, 100));
      }
    }
  }
}
