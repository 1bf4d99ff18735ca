package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Ceiling;
import dev.countersign.broker.Constraint;
import dev.countersign.broker.Constraints;
import dev.countersign.broker.MintLimits;
import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient.Answer;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Who may present which token: actors, agents with a ceiling, bound tokens, old clients without a
/// proof, and how much anybody may have open.
class PresentingTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);
  private static final String THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void start() {
    refunds =
        new Refunds()
            .limits(new MintLimits(3, 5, 2))
            .agents(
                Map.of(
                    "gateway", agent(100_000),
                    "copilot", agent(100),
                    "spiffe://example/agent", agent(100_000)));
    refunds.start();
  }

  private static BrokerConfig.Agent agent(long most) {
    var amount =
        Constraint.of(
            "operationDetails.instructedAmount.amount",
            new Constraint.Test.Range(Optional.empty(), Optional.of(BigInteger.valueOf(most))));
    return new BrokerConfig.Agent(
        List.of(
            Ceiling.of(
                "urn:smt:agent:refund|process_refund",
                new Constraints(List.of(amount), Optional.empty(), false))));
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @AfterEach
  void nothingIsLeft() {
    refunds.pass(Duration.ofMinutes(6));
    refunds.broker().sweeper().sweep();
    refunds.ledger.clear();
    assertThat(refunds.leftOvers()).isZero();
  }

  private static Answer bearer(String role, String token) {
    return refunds.send(
        "POST", "/v1/verify-rar/creds/" + role, Map.of("X-Vault-Token", token), null);
  }

  private static Answer revokeAsBearer(String lease, String token) {
    return refunds.send(
        "PUT",
        "/v1/sys/leases/revoke",
        Map.of("X-Vault-Token", token),
        StrictJson.object().put("lease_id", lease));
  }

  private static ObjectNode actedBy(String actor, ObjectNode... elements) {
    ObjectNode claims = refunds.claims(elements);
    claims.putObject("act").put("sub", actor);
    return claims;
  }

  @Test
  void H05_takesATokenAloneOnlyWhereTheRoleSaysSo() {
    assertThat(bearer("old-clients", refunds.token(REFUND)).status()).isEqualTo(200);
    assertThat(bearer("refunds", refunds.token(REFUND)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");
  }

  @Test
  void letsTheHolderOfATokenEndItsOwnLeaseAlsoWhenTheTokenHasExpired() {
    String token = refunds.token(REFUND);
    Login login = Login.of(bearer("old-clients", token));
    refunds.pass(Duration.ofMinutes(4));

    assertThat(revokeAsBearer(login.lease(), refunds.token(REFUND)).status()).isEqualTo(403);
    assertThat(revokeAsBearer(login.lease(), token + "x").status()).isEqualTo(403);
    assertThat(revokeAsBearer(login.lease(), "").status()).isEqualTo(403);
    assertThat(refunds.exists(login)).isTrue();
    assertThat(revokeAsBearer(login.lease(), token).status()).isEqualTo(204);
    assertThat(refunds.exists(login)).isFalse();
  }

  @Test
  void H09_letsTheHolderOfATokenEndNoLeaseThatAWorkloadMintedWithIt() {
    String token = refunds.token(REFUND);
    Login login = Login.of(refunds.mint(token));

    assertThat(revokeAsBearer(login.lease(), token).status()).isEqualTo(403);
    assertThat(refunds.exists(login)).isTrue();
  }

  @Test
  void H05_takesTheActorsThatTheRoleNames() {
    String named = refunds.sign(actedBy("spiffe://example/agent", REFUND));
    String unnamed = refunds.sign(actedBy("gateway", REFUND));

    assertThat(refunds.mint("acting", named, refunds.assertion("gateway"), null).status())
        .isEqualTo(200);
    assertThat(refunds.mint("acting", unnamed, refunds.assertion("gateway"), null).status())
        .isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("actor_not_allowed");
  }

  @Test
  void C09_looksAtTheActorThatActsNowAndAtNoEarlierOne() {
    ObjectNode claims = actedBy("copilot-of-a-stranger", REFUND);
    ((ObjectNode) claims.path("act")).putObject("act").put("sub", "spiffe://example/agent");

    assertThat(
            refunds
                .mint("acting", refunds.sign(claims), refunds.assertion("gateway"), null)
                .status())
        .isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("actor_not_allowed");
  }

  @Test
  void C06_givesAnAgentNoMoreThanItsCeilingWhateverTheTokenSays() {
    ObjectNode low =
        actedBy("copilot", Refunds.refund(Refunds.CASE, 100)).put("client_id", "copilot");
    ObjectNode high =
        actedBy("copilot", Refunds.refund(Refunds.CASE, 101)).put("client_id", "copilot");

    assertThat(refunds.mint(refunds.sign(low)).status()).isEqualTo(200);
    assertThat(refunds.mint(refunds.sign(high)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("rar_no_match");
  }

  @Test
  void givesAnAgentThatIsNotRegisteredNothing() {
    ObjectNode claims = actedBy("stranger", REFUND).put("client_id", "stranger");

    assertThat(refunds.mint(refunds.sign(claims)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("agent_unknown");
  }

  @Test
  void A24_refusesABoundTokenFromAPresenterThatHasNotCheckedIt() {
    ObjectNode claims = refunds.claims(REFUND);
    claims.putObject("cnf").put("jkt", THUMBPRINT);

    assertThat(refunds.mint(refunds.sign(claims)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("binding_not_proven");
  }

  @Test
  void takesABoundTokenFromTheGatewayThatHasCheckedIt() {
    ObjectNode claims = actedBy("spiffe://example/agent", REFUND);
    claims.putObject("cnf").put("jkt", THUMBPRINT);

    assertThat(
            refunds
                .mint("acting", refunds.sign(claims), refunds.assertion("gateway"), null)
                .status())
        .isEqualTo(200);
  }

  @Test
  void A24_refusesABoundTokenAsAPlainBearer() {
    ObjectNode claims = refunds.claims(REFUND);
    claims.putObject("cnf").put("jkt", THUMBPRINT);

    assertThat(bearer("old-clients", refunds.sign(claims)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("binding_not_proven");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "\"x\"",
        "{\"jkt\":1}",
        "{\"jkt\":\"\"}",
        "{\"jkt\":\"too short\"}",
        "{\"jwk\":{}}",
        "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\",\"kid\":\"x\"}"
      })
  void A24_refusesABindingThatItDoesNotKnow(String cnf) {
    ObjectNode claims = refunds.claims(REFUND);
    claims.set("cnf", StrictJson.parse(cnf));

    assertThat(
            refunds
                .mint("acting", refunds.sign(claims), refunds.assertion("gateway"), null)
                .status())
        .isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("token_rejected");
  }

  @Test
  void H16_mintsNoMoreThanALimitForOnePerson() {
    for (int i = 0; i < 3; i++) {
      assertThat(refunds.mint(refunds.token(REFUND)).status()).isEqualTo(200);
    }

    Answer answer = refunds.mint(refunds.token(REFUND));

    assertThat(answer.status()).isEqualTo(429);
    assertThat(refunds.refusal()).isEqualTo("over_limit");
    ObjectNode another = refunds.claims(REFUND).put("sub", "okta|00u1lena0000000000a1");
    assertThat(refunds.mint(refunds.sign(another)).status()).isEqualTo(200);
  }

  @Test
  void H16_mintsNoMoreThanALimitInAll() {
    for (int i = 0; i < 5; i++) {
      ObjectNode claims = refunds.claims(REFUND).put("sub", "okta|person-" + i);
      assertThat(refunds.mint(refunds.sign(claims)).status()).isEqualTo(200);
    }

    ObjectNode sixth = refunds.claims(REFUND).put("sub", "okta|person-6");
    assertThat(refunds.mint(refunds.sign(sixth)).status()).isEqualTo(429);
  }

  @Test
  void H16_stillAnswersARetryAtTheLimit() {
    String token = refunds.token(REFUND);
    Login first = Login.of(refunds.mint(token));
    refunds.mint(refunds.token(REFUND));
    refunds.mint(refunds.token(REFUND));

    assertThat(Login.of(refunds.mint(token)).lease()).isEqualTo(first.lease());
  }

  @Test
  void mintsWithTheJtiInTheNameThatPostgresLogs() throws Exception {
    ObjectNode claims = refunds.claims(REFUND);
    Login login = Login.of(refunds.mint(refunds.sign(claims)));

    try (var connection = refunds.connect(login)) {
      assertThat(
              refunds.ask(
                  "SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting s JOIN pg_roles r"
                      + " ON r.oid = s.setrole WHERE rolname = '"
                      + login.user()
                      + "'"))
          .contains(
              "application_name=" + claims.path("jti").stringValue(),
              "statement_timeout=30000",
              "lock_timeout=5000",
              "idle_in_transaction_session_timeout=10000");
      assertThat(connection.isValid(5)).isTrue();
    }
  }

  @Test
  void H14_takesAnAssertionBeforeATokenAlone() {
    Answer answer =
        refunds.send(
            "POST",
            "/v1/verify-rar/creds/old-clients",
            Map.of(
                "X-Vault-Token",
                refunds.token(REFUND),
                PresenterAssertion.HEADER,
                refunds.assertion("other")),
            null);

    assertThat(answer.status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_allowed");
  }
}
