package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.broker.box.Vault.Answer;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Wrapped answers: put away under a token that opens them once.
class WrappingTest {
  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @SuppressWarnings("NullAway.Init")
  private static Vault vault;

  @BeforeAll
  static void start() {
    refunds = Refunds.started();
    vault = Vault.of(refunds);
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @AfterEach
  void empty() {
    refunds.pass(Duration.ofMinutes(11));
    refunds.broker().sweeper().sweep();
    refunds.ledger.clear();
  }

  private static String session() {
    return vault.login("plain", refunds.token(Refunds.refund(Refunds.CASE, 8000))).token();
  }

  private static ObjectNode wrapped(String time) {
    Answer answer =
        vault.send(
            "GET",
            "database/creds/plain",
            Map.of("X-Vault-Token", session(), "X-Vault-Wrap-TTL", time),
            null);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return (ObjectNode) answer.json().path("wrap_info");
  }

  @Test
  void putsALeaseAwayAndHandsItOutOnce() throws Exception {
    ObjectNode info = wrapped("60s");
    String token = info.path("token").stringValue();
    assertThat(info.path("ttl").asInt()).isEqualTo(60);
    assertThat(info.path("creation_path").stringValue()).isEqualTo("database/creds/plain");
    assertThat(
            vault
                .put("sys/wrapping/lookup", "", StrictJson.object().put("token", token))
                .json()
                .path("data")
                .path("creation_ttl")
                .asInt())
        .isEqualTo(60);

    Login login = vault.send("POST", "sys/wrapping/unwrap", token, null).credential();

    refunds.connect(login).close();
    assertThat(login.lease()).startsWith("database/creds/plain/");
  }

  @Test
  void H10_refusesASecondUnwrapAndSaysSoInTheLedger() {
    String token = wrapped("5m").path("token").stringValue();
    vault.send("PUT", "sys/wrapping/unwrap", token, null).credential();

    Answer second = vault.put("sys/wrapping/unwrap", "", StrictJson.object().put("token", token));

    assertThat(second.status()).isEqualTo(400);
    assertThat(second.text())
        .isEqualTo("{\"errors\":[\"wrapping token is not valid or does not exist\"]}");
    assertThat(refunds.entries(LedgerEvent.WRAPPING_REFUSED))
        .singleElement()
        .satisfies(entry ->
            assertThat(entry.data().path("reason").stringValue()).isEqualTo("wrapping_used"));
  }

  @Test
  void H10_handsItOutOnceHoweverManyAskAtOnce() throws Exception {
    String token = wrapped("5m").path("token").stringValue();
    var statuses = new ArrayList<Integer>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var asking = new ArrayList<Future<Answer>>();
      for (int i = 0; i < 8; i++) {
        asking.add(threads.submit(() -> vault.send("POST", "sys/wrapping/unwrap", token, null)));
      }
      for (Future<Answer> answer : asking) {
        statuses.add(answer.get().status());
      }
    }

    assertThat(statuses).containsOnlyOnce(200).containsOnly(200, 400);
  }

  @Test
  void H10_opensNothingOnceItsTimeIsOver() {
    String token = wrapped("30").path("token").stringValue();
    refunds.pass(Duration.ofSeconds(31));

    assertThat(vault.send("POST", "sys/wrapping/unwrap", token, null).status()).isEqualTo(400);
    assertThat(
            vault.put("sys/wrapping/lookup", "", StrictJson.object().put("token", token)).status())
        .isEqualTo(400);
  }

  @Test
  void wrapsALoginToo() {
    Answer login =
        vault.send(
            "PUT",
            "auth/jwt/login",
            Map.of("X-Vault-Wrap-TTL", "1m"),
            StrictJson.object()
                .put("role", "plain")
                .put("jwt", refunds.token(Refunds.findCase(Refunds.CASE))));
    String token = login.json().path("wrap_info").path("token").stringValue();
    assertThat(login.json().path("wrap_info").path("wrapped_accessor").stringValue()).isNotEmpty();
    assertThat(login.json().path("auth").isNull()).isTrue();

    String session = vault.send("POST", "sys/wrapping/unwrap", token, null).token();

    assertThat(vault.get("auth/token/lookup-self", session).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "soon", "2h", "1d", "99999999", "60 s", "s", "1s1m", "1h0m1s"})
  void H14_refusesATimeThatItCannotKeepBeforeItMints(String time) {
    Answer answer =
        vault.send(
            "GET",
            "database/creds/plain",
            Map.of("X-Vault-Token", session(), "X-Vault-Wrap-TTL", time),
            null);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(refunds.entries(LedgerEvent.LEASE_MINTED)).isEmpty();
  }

  @Test
  void K02_keepsTheAnswerSealed() {
    ObjectNode info = wrapped("5m");
    String token = info.path("token").stringValue();

    assertThat(refunds.stateHolds(token)).isFalse();
    assertThat(refunds.stateHolds("password")).isFalse();
    Login login = vault.send("POST", "sys/wrapping/unwrap", token, null).credential();
    assertThat(List.of(login.password().reveal())).noneMatch(refunds::stateHolds);
  }
}
