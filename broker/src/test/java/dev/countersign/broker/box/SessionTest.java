package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.broker.box.Vault.Answer;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Logins of Vault clients: an on-behalf-of token becomes a session that opens what the token opens
/// and nothing else.
class SessionTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);

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
    assertThat(refunds.leftOvers()).isZero();
  }

  private static void assertRefused(Answer answer, int status, String reason) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.json().path("errors").isArray()).isTrue();
    assertThat(
            refunds.ledger.stream()
                .map(entry -> entry.data().path("reason").asString(""))
                .filter(text -> !text.isEmpty()))
        .containsExactly(reason);
  }

  @Test
  void logsInMintsLooksUpRenewsAndRevokes() throws Exception {
    Answer login = vault.login("plain", refunds.token(REFUND));
    ObjectNode auth = (ObjectNode) login.json().path("auth");
    assertThat(login.json().path("data").isNull()).isTrue();
    assertThat(auth.propertyNames())
        .contains(
            "client_token",
            "accessor",
            "policies",
            "metadata",
            "lease_duration",
            "renewable",
            "entity_id",
            "token_type",
            "orphan",
            "mfa_requirement",
            "num_uses");

    Login credential = vault.get("database/creds/plain", login.token()).credential();
    assertThat(credential.lease()).matches("database/creds/plain/[0-9A-Za-z]{24}");
    refunds.connect(credential).close();

    ObjectNode lease = StrictJson.object().put("lease_id", credential.lease());
    ObjectNode told = vault.put("sys/leases/lookup", login.token(), lease).json();
    assertThat(told.path("data").path("id").stringValue()).isEqualTo(credential.lease());
    assertThat(told.path("data").path("ttl").asInt()).isPositive();
    assertThat(told.path("data").path("last_renewal").isNull()).isTrue();

    Answer renewed =
        vault.put("sys/leases/renew", login.token(), lease.deepCopy().put("increment", 400));
    assertThat(renewed.json().path("lease_duration").asInt()).isBetween(390, 400);

    assertThat(vault.put("sys/leases/revoke", login.token(), lease).status()).isEqualTo(204);
    assertThat(refunds.exists(credential)).isFalse();
    assertThat(vault.put("sys/leases/lookup", login.token(), lease).text())
        .isEqualTo("{\"errors\":[\"invalid lease\"]}");
  }

  @Test
  void tellsAndRenewsAndEndsItself() {
    String token = vault.login("plain", refunds.token(REFUND)).token();

    ObjectNode told = vault.get("auth/token/lookup-self", token).json();
    assertThat(told.path("data").path("id").stringValue()).isEqualTo(token);
    assertThat(told.path("data").path("policies").get(1).stringValue())
        .isEqualTo("approved-request");

    Answer renewed =
        vault.put("auth/token/renew-self", token, StrictJson.object().put("increment", "30m"));
    assertThat(renewed.json().path("auth").path("lease_duration").asInt()).isBetween(1790, 1800);

    assertThat(vault.send("POST", "auth/token/revoke-self", token, null).status()).isEqualTo(204);
    assertThat(vault.get("auth/token/lookup-self", token).status()).isEqualTo(403);
    assertThat(refunds.entries(LedgerEvent.SESSION_OPENED)).hasSize(1);
    assertThat(refunds.entries(LedgerEvent.SESSION_ENDED)).hasSize(1);
  }

  @Test
  void endsItsLeaseWithItself() {
    String token = vault.login("plain", refunds.token(REFUND)).token();
    Login credential = vault.get("database/creds/plain", token).credential();

    vault.send("POST", "auth/token/revoke-self", token, null);

    assertThat(refunds.exists(credential)).isFalse();
  }

  @Test
  void H04_paysOnceHoweverManySessionsATokenOpens() {
    String jwt = refunds.token(REFUND);
    String first = vault.login("plain", jwt).token();
    String second = vault.login("plain", jwt).token();
    vault.get("database/creds/plain", first).credential();
    refunds.pass(Duration.ofSeconds(11));
    refunds.ledger.clear();

    assertRefused(vault.get("database/creds/plain", second), 403, "token_used");
  }

  @Test
  void H04_opensNoMoreThanAFewSessionsWithOneToken() {
    String jwt = refunds.token(REFUND);
    for (int i = 0; i < 5; i++) {
      vault.login("plain", jwt).token();
    }
    refunds.ledger.clear();

    assertRefused(vault.login("plain", jwt), 429, "over_limit");
  }

  @Test
  void H08_mintsNothingOnceItsTokenHasExpired() {
    String token = vault.login("plain", refunds.token(REFUND)).token();
    refunds.pass(Duration.ofSeconds(61));
    refunds.ledger.clear();

    assertRefused(vault.get("database/creds/plain", token), 403, "token_rejected");
  }

  @Test
  void H08_endsWithItsPerson() {
    String token = vault.login("plain", refunds.token(REFUND)).token();
    refunds.revokeSubject(Refunds.MAYA, Ids.random(), "receiver");
    refunds.ledger.clear();

    assertRefused(vault.get("auth/token/lookup-self", token), 403, "presenter_not_proven");
    refunds.pass(Duration.ofSeconds(2));
  }

  @Test
  void H09_isNotRenewedBeyondItsLongestTime() {
    String token = vault.login("plain", refunds.token(REFUND)).token();

    Answer renewed =
        vault.put("auth/token/renew-self", token, StrictJson.object().put("increment", "20h"));

    assertThat(renewed.json().path("auth").path("lease_duration").asInt()).isBetween(3590, 3600);
    assertThat(renewed.json().path("auth").path("renewable").asBoolean()).isFalse();
  }

  @Test
  void H09_touchesNoLeaseOfAnother() {
    Login gateways = refunds.login(REFUND);
    String token = vault.login("plain", refunds.token(REFUND)).token();
    ObjectNode lease = StrictJson.object().put("lease_id", gateways.lease());
    for (String path : List.of("sys/leases/lookup", "sys/leases/renew", "sys/leases/revoke")) {
      refunds.ledger.clear();

      assertRefused(vault.put(path, token, lease), 403, "presenter_not_allowed");
    }
    assertThat(refunds.exists(gateways)).isTrue();
  }

  @Test
  void H05_takesNoPlainBearerWhereTheRoleDoesNot() {
    assertRefused(vault.login("refunds", refunds.token(REFUND)), 403, "presenter_not_proven");
  }

  @Test
  void H05_takesTheProofOfAWorkloadThatTheRoleNames() {
    String token = vault.loginAsGateway("refunds", refunds.token(REFUND)).token();

    Login credential =
        vault.put("verify-rar/creds/refunds", token, StrictJson.object()).credential();

    assertThat(refunds.revoke(credential.lease(), "gateway").status()).isEqualTo(204);
  }

  @Test
  void H05_opensNoRoleForAnotherResource() {
    String token = vault.loginAsGateway("refunds", refunds.token(REFUND)).token();
    refunds.ledger.clear();

    assertRefused(vault.get("database/creds/elsewhere", token), 403, "token_rejected");
  }

  @Test
  void H05_opensNoRoleThatWantsAProofTheSessionNeverGave() {
    String token = vault.login("plain", refunds.token(REFUND)).token();
    refunds.ledger.clear();

    assertRefused(vault.get("database/creds/refunds", token), 403, "presenter_not_allowed");
  }

  @ParameterizedTest
  @CsvSource({
    "'',x,missing role",
    "plain,'',missing token",
    "nowhere,x,role could not be found",
    "plain,x.y.z,error validating token",
    "operator,x.y.z,permission denied"
  })
  void saysWhyALoginIsRefused(String role, String jwt, String why) {
    Answer answer = vault.login(role, jwt);

    assertThat(answer.status()).isIn(400, 403);
    assertThat(answer.text()).contains(why).doesNotContain("x.y.z").doesNotContain("nowhere");
  }

  @Test
  void A15_takesNeitherAnAssertionForATokenNorATokenForAnAssertion() {
    assertThat(vault.login("plain", refunds.assertion("gateway")).status()).isEqualTo(400);
    assertThat(vault.login("operator", refunds.token(REFUND)).status()).isEqualTo(403);
    assertThat(vault.login("operator", refunds.assertion("gateway")).status()).isEqualTo(403);
  }

  @Test
  void E01_takesAnOperatorsAssertionOnce() {
    String assertion = refunds.assertion("operator");
    vault.login("operator", assertion).token();
    refunds.ledger.clear();

    assertRefused(vault.login("operator", assertion), 403, "presenter_not_proven");
  }

  @Test
  void E02_takesNoAssertionForAnotherBox() {
    assertRefused(
        vault.login("operator", refunds.assertion("operator", "http://sts.example")),
        403,
        "presenter_not_proven");
  }

  @Test
  void F05_mintsNothingWhenThePersonWasStoppedBetweenLoginAndMint() {
    String token = vault.login("plain", refunds.token(REFUND)).token();
    refunds.revokeSubject(Refunds.MAYA, Ids.random(), "receiver");
    refunds.ledger.clear();

    assertRefused(vault.get("database/creds/plain", token), 403, "presenter_not_proven");
    assertThat(refunds.leftOvers()).isZero();
    refunds.pass(Duration.ofSeconds(2));
  }

  @Test
  void H14_takesOneIdentityARequest() {
    String token = vault.login("plain", refunds.token(REFUND)).token();
    for (Map<String, String> headers :
        List.of(
            Map.of("X-Vault-Token", token, "Authorization", "Bearer " + token),
            Map.of("X-Vault-Token", token, PresenterAssertion.HEADER, refunds.assertion("gateway")),
            Map.of("Authorization", "Basic x"),
            Map.of("X-Vault-Token", token, "X-Vault-Namespace", "team"))) {
      assertThat(vault.send("GET", "database/creds/plain", headers, null).status())
          .as(headers.keySet().toString())
          .isEqualTo(400);
    }
    assertThat(
            vault
                .send(
                    "PUT",
                    "auth/jwt/login",
                    Map.of("X-Vault-Token", token),
                    StrictJson.object().put("role", "plain").put("jwt", refunds.token(REFUND)))
                .status())
        .isEqualTo(400);
    assertThat(refunds.entries(LedgerEvent.LEASE_MINTED)).isEmpty();
  }

  @Test
  void takesItsTokenAsBearerToo() {
    String token = vault.login("plain", refunds.token(REFUND)).token();

    assertThat(
            vault
                .send(
                    "GET",
                    "auth/token/lookup-self",
                    Map.of("Authorization", "Bearer " + token),
                    null)
                .status())
        .isEqualTo(200);
  }

  @Test
  void L11_isTheSameAtEveryReplica() {
    try (BrokerBox second = refunds.replica()) {
      var there = new Vault(refunds, second.baseUri());
      String token = vault.login("plain", refunds.token(REFUND)).token();
      Login credential = there.get("database/creds/plain", token).credential();
      assertThat(there.send("POST", "auth/token/revoke-self", token, null).status()).isEqualTo(204);

      assertThat(vault.get("auth/token/lookup-self", token).status()).isEqualTo(403);
      assertThat(refunds.exists(credential)).isFalse();
    }
  }

  @Test
  void repeatsTheMountsAtTheTopAsVaultDoes() {
    ObjectNode told = vault.get("sys/mounts", vault.operator()).json();

    assertThat(told.path("database/")).isEqualTo(told.path("data").path("database/"));
    assertThat(told.path("data").path("verify-rar/").path("type").stringValue())
        .isEqualTo("verify-rar");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sys/mounts",
        "database/roles/refunds",
        "database/config/refunds",
        "verify-rar/roles/refunds"
      })
  void H15_showsTheSetUpToOperatorsOnly(String path) {
    assertThat(vault.get(path, "").status()).isEqualTo(403);
    assertThat(vault.get(path, "hvs.nobody").status()).isEqualTo(403);
    assertThat(vault.get(path, vault.login("plain", refunds.token(REFUND)).token()).status())
        .isEqualTo(403);

    assertThat(vault.get(path, vault.operator()).status()).isEqualTo(200);
  }

  @Test
  void K02_keepsNoTokenThatOpensAnything() {
    String token = vault.login("plain", refunds.token(REFUND)).token();

    assertThat(
            refunds.ask(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%"
                    + token
                    + "%'"
                    + " AND pid <> pg_backend_pid()"))
        .isEqualTo("0");
    assertThat(refunds.stateHolds(token)).isFalse();
    assertThat(refunds.ledger.toString()).doesNotContain(token);
  }
}
