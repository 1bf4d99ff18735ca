package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient.Answer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// The token service asks whether a token was used; what was not used is refused from then on.
class SettledTokenTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);
  private static final String PATH = "/v1/countersign/tokens/settle";
  private static final int RACES = 12;

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void start() {
    refunds = Refunds.started();
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @BeforeEach
  void forgetRefusals() {
    refunds.ledger.clear();
  }

  private static Answer settle(ObjectNode claims) {
    return refunds.write(
        PATH, "sts", StrictJson.object().put("jti", claims.path("jti").stringValue()));
  }

  private static boolean wasUsed(ObjectNode claims) {
    Answer answer = settle(claims);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return StrictJson.parseObject(answer.body()).path("data").path("used").booleanValue();
  }

  @Test
  void aTokenThatPaidForALeaseWasUsedAlsoWhenTheLeaseHasEnded() {
    ObjectNode claims = refunds.claims(REFUND);
    Login login = Login.of(refunds.mint(refunds.sign(claims)));

    assertThat(wasUsed(claims)).isTrue();
    refunds.revoke(login.lease(), "gateway");

    assertThat(wasUsed(claims)).isTrue();
    assertThat(refunds.exists(login)).isFalse();
  }

  @Test
  void aTokenThatOpenedAVaultSessionWasUsed() {
    ObjectNode claims = refunds.claims(REFUND);
    assertThat(Vault.of(refunds).login("plain", refunds.sign(claims)).status()).isEqualTo(200);

    assertThat(wasUsed(claims)).isTrue();
  }

  @Test
  void aTokenThatWasNotUsedIsRefusedFromThenOn() {
    ObjectNode claims = refunds.claims(REFUND);

    assertThat(wasUsed(claims)).isFalse();

    assertThat(refunds.mint(refunds.sign(claims)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("token_revoked");
    assertThat(wasUsed(claims)).isFalse();
  }

  @Test
  void aTokenNeverBothOpensSomethingAndCountsAsUnused()
      throws InterruptedException, ExecutionException {
    for (int i = 0; i < RACES; i++) {
      ObjectNode claims = refunds.claims(REFUND);
      String token = refunds.sign(claims);
      Duration late = Duration.ofMillis(3L * i);
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Answer> minted = threads.submit(() -> refunds.mint(token));
        Future<Boolean> used =
            threads.submit(() -> {
              Thread.sleep(late);
              return wasUsed(claims);
            });
        if (minted.get().status() == 200) {
          assertThat(used.get()).isTrue();
          refunds.revoke(Login.of(minted.get()).lease(), "gateway");
        } else {
          assertThat(minted.get().status()).isEqualTo(403);
        }
      }
    }
    refunds.broker().sweeper().sweep();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "other", "receiver", "operator"})
  void H15_nobodyButTheTokenServiceSettles(String workload) {
    ObjectNode claims = refunds.claims(REFUND);
    ObjectNode body = StrictJson.object().put("jti", claims.path("jti").stringValue());

    assertThat(refunds.write(PATH, workload, body).status()).isEqualTo(403);

    assertThat(refunds.refusal()).isEqualTo("presenter_not_allowed");
    Login login = Login.of(refunds.mint(refunds.sign(claims)));
    refunds.revoke(login.lease(), "gateway");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"jti\":7}", "{\"jti\":\"a\",\"iss\":\"b\"}"})
  void aBodyWithoutExactlyOneTokenIsRefused(String body) {
    assertThat(refunds.write(PATH, "sts", StrictJson.parseObject(body)).status()).isEqualTo(400);
  }
}
