package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// A kill of one client or agent: for one person, and for everybody.
class ShutOutClientTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void whatAClientHoldsForAPersonIsDeadAndTheBrokerIsTold() {
    Person person = WORLD.person();
    Person other = WORLD.person();
    String held = WORLD.exchange(person, 100).text("access_token");
    String others = WORLD.exchange(other, 100).text("access_token");

    Answer killed = operate("kills", order(person.key(), "gateway"));

    assertThat(killed.status()).isEqualTo(201);
    assertThat(WORLD.userInfo(held).status()).isEqualTo(401);
    assertThat(introspect(held).path("active").booleanValue()).isFalse();
    assertThat(WORLD.exchange(person, 100).text("error")).isEqualTo("invalid_request");
    assertThat(WORLD.userInfo(others).status()).isEqualTo(200);
    assertThat(introspect(others).path("active").booleanValue()).isTrue();
    String txn = killed.text("txn");
    World.until(() -> !told(txn).isEmpty());
    assertThat(told(txn))
        .singleElement()
        .satisfies(order -> {
          assertThat(order.path("what").stringValue()).isEqualTo("sessions");
          assertThat(order.path("sub").stringValue()).isEqualTo(person.key());
          assertThat(order.path("client_id").stringValue()).isEqualTo("gateway");
        });
  }

  @Test
  void aClientIsShutOutForEverybodyAtEveryReplicaUntilItIsLetInAgain() {
    Person person = WORLD.person();
    String held = WORLD.exchange(person, 100).text("access_token");
    try (var replica = WORLD.replica(FreePort.any())) {
      Answer killed = operate("kills", order("", "gateway"));
      try {
        assertThat(killed.status()).isEqualTo(201);
        assertThat(WORLD.userInfo(held).status()).isEqualTo(401);
        assertThat(introspect(held).path("active").booleanValue()).isFalse();
        WORLD.tick(Duration.ofSeconds(90));
        for (Person anybody : List.of(person, WORLD.person())) {
          ObjectNode signedInAgain =
              WORLD
                  .oktaClaims(anybody)
                  .put("auth_time", WORLD.now.get().getEpochSecond() - 5)
                  .put("jti", anybody.key() + " again");
          var form = WORLD.exchangeForm(WORLD.okta.sign(signedInAgain), World.refund(100));
          assertThat(WORLD.post(replica.baseUri(), form).text("error"))
              .isEqualTo("invalid_request");
        }
        String txn = killed.text("txn");
        World.until(() -> !told(txn).isEmpty());
        assertThat(told(txn))
            .singleElement()
            .satisfies(order -> {
              assertThat(order.path("what").stringValue()).isEqualTo("clients");
              assertThat(order.has("sub")).isFalse();
            });
        assertThat(WORLD.entries(LedgerEvent.SESSIONS_ENDED, ""))
            .anySatisfy(entry -> assertThat(entry.jti()).isEqualTo(txn));
        assertThat(operate("openings", order(person.key(), "gateway")).status())
            .as("one person alone was not shut out")
            .isEqualTo(404);
      } finally {
        assertThat(operate("openings", order("", "gateway")).status()).isEqualTo(201);
      }
    }
    assertThat(WORLD.exchange(WORLD.person(), 100).status()).isEqualTo(200);
    assertThat(operate("openings", order("", "gateway")).status()).isEqualTo(404);
  }

  @Test
  void J06_anOrderThatNamesNeitherPersonNorClientEndsNobody() {
    Answer answer = operate("kills", StrictJson.object().put("reason", "everything"));

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error_description")).contains("sub must be");
    for (String sub : List.of("*", "", "everybody")) {
      assertThat(operate("kills", order("", "gateway").put("sub", sub)).status())
          .as(sub)
          .isEqualTo(400);
    }
    assertThat(WORLD.exchange(WORLD.person(), 100).status()).isEqualTo(200);
  }

  @Test
  void J06_noOtherKeyShutsOutAClient() {
    for (ECKey key : List.of(WORLD.receiverKey, WORLD.gatewayKey)) {
      assertThat(operate("kills", order("", "gateway"), key).status()).isEqualTo(401);
    }
    assertThat(WORLD.exchange(WORLD.person(), 100).status()).isEqualTo(200);
  }

  private static List<ObjectNode> told(String txn) {
    return WORLD.transmitter.ended.stream()
        .filter(order -> order.path("txn").stringValue().equals(txn))
        .toList();
  }

  /// @param subject empty for everybody
  private static ObjectNode order(String subject, String client) {
    ObjectNode order = StrictJson.object().put("client_id", client).put("reason", "it misbehaves");
    return subject.isEmpty() ? order : order.put("sub", subject);
  }

  private static Answer operate(String what, ObjectNode order) {
    return operate(what, order, WORLD.operatorKey);
  }

  private static Answer operate(String what, ObjectNode order, ECKey key) {
    return WORLD.send(
        "POST",
        "/v1.0/auth/" + what,
        StrictJson.write(order),
        "Content-Type",
        "application/json",
        PresenterAssertion.HEADER,
        new PresenterAssertion.Maker("operator", key, WORLD.clock).assertion(WORLD.issuer));
  }

  private static ObjectNode introspect(String token) {
    var form = new LinkedHashMap<String, String>();
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put(
        "client_assertion",
        new PresenterAssertion.Maker("gateway", WORLD.gatewayKey, WORLD.clock)
            .assertion(WORLD.issuer));
    form.put("token", token);
    return WORLD
        .send(
            "POST",
            "/oauth2/introspect",
            World.encoded(form),
            "Content-Type",
            "application/x-www-form-urlencoded")
        .json();
  }
}
