package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.protocol.http.WireClient.Answer;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Who gets a credential for what, over HTTP.
class MintingTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);

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

  @AfterEach
  void empty() {
    refunds.pass(Duration.ofMinutes(6));
    refunds.broker().sweeper().sweep();
    refunds.ledger.clear();
    assertThat(refunds.leftOvers()).isZero();
  }

  private static void assertRefused(Answer answer, String reason) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(403);
    assertThat(StrictJson.parseObject(answer.body()).path("errors").isArray()).isTrue();
    assertThat(refunds.refusal()).isEqualTo(reason);
    assertThat(refunds.entries(LedgerEvent.LEASE_MINTED)).isEmpty();
  }

  @Test
  void answersInVaultsEnvelope() {
    Answer answer = refunds.mint(refunds.token(REFUND));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("cache-control")).contains("no-store");
    ObjectNode body = StrictJson.parseObject(answer.body());
    assertThat(body.propertyNames())
        .containsExactlyInAnyOrder(
            "request_id",
            "lease_id",
            "renewable",
            "lease_duration",
            "data",
            "wrap_info",
            "warnings",
            "auth",
            "mount_type");
    assertThat(body.path("lease_id").stringValue())
        .matches("verify-rar/creds/refunds/[0-9A-Za-z]{24}");
    assertThat(body.path("lease_duration").intValue()).isBetween(295, 300);
    assertThat(body.path("renewable").booleanValue()).isFalse();
    assertThat(body.path("data").path("username").stringValue()).matches("cs_[0-9a-z]{16}");
    assertThat(body.path("data").path("password").stringValue()).hasSize(43);
  }

  @Test
  void writesTheMintIntoTheLedgerWithoutItsPassword() {
    ObjectNode claims = refunds.claims(REFUND);
    Login login = Login.of(refunds.mint(refunds.sign(claims)));

    LedgerEntry entry = refunds.entries(LedgerEvent.LEASE_MINTED).getFirst();
    assertThat(entry.jti()).isEqualTo(claims.path("jti").stringValue());
    assertThat(entry.subject()).isEqualTo(Refunds.MAYA);
    assertThat(entry.data().path("user").stringValue()).isEqualTo(login.user());
    assertThat(entry.data().path("lease_id").stringValue()).isEqualTo(login.lease());
    assertThat(refunds.ledger.toString()).doesNotContain(login.password().reveal(), "SCRAM");
  }

  @Test
  void acceptsPutAndABodyThatRepeatsTheToken() {
    ObjectNode claims = refunds.claims(REFUND);
    ObjectNode body = StrictJson.object();
    body.putObject("claims")
        .put("jti", claims.path("jti").stringValue())
        .set("authorization_details", claims.path("authorization_details"));

    Answer answer =
        refunds.send(
            "PUT",
            "/v1/verify-rar/creds/refunds",
            Map.of(
                "X-Vault-Token",
                refunds.sign(claims),
                PresenterAssertion.HEADER,
                refunds.assertion("gateway")),
            body);

    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void refusesABodyThatIsWiderThanTheToken() {
    ObjectNode claims = refunds.claims(REFUND);
    ObjectNode body = StrictJson.object();
    body.putObject("claims")
        .put("jti", claims.path("jti").stringValue())
        .putArray("authorization_details")
        .add(Refunds.refund(Refunds.CASE, 80_000));

    assertRefused(
        refunds.mint("refunds", refunds.sign(claims), refunds.assertion("gateway"), body),
        "claims_differ");
  }

  @Test
  void refusesABodyWithAnotherJti() {
    ObjectNode claims = refunds.claims(REFUND);
    ObjectNode body = StrictJson.object();
    body.putObject("claims")
        .put("jti", Ids.random())
        .set("authorization_details", claims.path("authorization_details"));

    assertRefused(
        refunds.mint("refunds", refunds.sign(claims), refunds.assertion("gateway"), body),
        "claims_differ");
  }

  @Test
  void refusesAWiderTokenThatAnotherKeySigned() {
    ObjectNode claims = refunds.claims(Refunds.refund(Refunds.CASE, 80_000));

    assertRefused(refunds.mint(refunds.signWithAnotherKey(claims)), "token_rejected");
  }

  @Test
  void refusesAWiderPayloadUnderTheOldSignature() {
    String[] narrow = refunds.sign(refunds.claims(REFUND)).split("\\.", -1);
    String[] wide =
        refunds.sign(refunds.claims(Refunds.refund(Refunds.CASE, 80_000))).split("\\.", -1);

    assertRefused(refunds.mint(narrow[0] + "." + wide[1] + "." + narrow[2]), "token_rejected");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"amount\":1,", "\"\\u0061mount\":1,"})
  void D04_refusesASignedTokenThatSaysTheAmountTwice(String second) {
    String once = StrictJson.write(refunds.claims(REFUND));
    String twice = once.replace("\"amount\":", second + "\"amount\":");
    assertThat(twice).isNotEqualTo(once);

    assertRefused(refunds.mint(refunds.signText(twice)), "token_rejected");
    assertThat(refunds.mint(refunds.signText(once)).status()).isEqualTo(200);
  }

  @Test
  void D19_refusesATokenOfAVersionOfItsTypeThatNoMappingKnows() {
    ObjectNode claims = refunds.claims(REFUND);
    claims.putObject(TypeVersions.CLAIM).put("urn:smt:agent:refund", 2);

    assertRefused(refunds.mint(refunds.sign(claims)), "rar_no_match");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "\"1\"", "null", "{\"urn:smt:agent:refund\":\"1\"}"})
  void D19_refusesATokenWhoseVersionsAreNonsense(String versions) {
    ObjectNode claims = refunds.claims(REFUND);
    claims.set(TypeVersions.CLAIM, StrictJson.parse(versions));

    assertRefused(refunds.mint(refunds.sign(claims)), "token_rejected");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"JWT", "secevent+jwt", "client-authentication+jwt", "countersign-approval+jwt"})
  void A15_refusesATokenOfAnotherKind(String type) {
    assertRefused(refunds.mint(refunds.sign(type, refunds.claims(REFUND))), "token_rejected");
  }

  /// One claim wrong, all others right.
  record Row(String name, String claim, String json) {
    @Override
    public String toString() {
      return name;
    }
  }

  static final List<Row> WRONG_CLAIMS =
      List.of(
          new Row("expired", "exp", "1700000000"),
          new Row("no expiry", "exp", "null"),
          new Row("expiry as text", "exp", "\"4000000000\""),
          new Row("another issuer", "iss", "\"http://sts.example/\""),
          new Row("several audiences", "aud", "[\"" + Refunds.GATEWAY + "\",\"http://x\"]"),
          new Row("audience in another case", "aud", "\"http://GATEWAY.example/mcp\""),
          new Row("no id", "jti", "null"),
          new Row("no subject", "sub", "\"\""),
          new Row("no client", "client_id", "null"),
          new Row("no actor", "act", "null"),
          new Row("an actor without name", "act", "{\"sub\":\"\"}"),
          new Row("no issue time", "iat", "null"),
          new Row("no details", "authorization_details", "null"),
          new Row("empty details", "authorization_details", "[]"),
          new Row("details that are no array", "authorization_details", "{\"type\":\"x\"}"),
          new Row("details without type", "authorization_details", "[{}]"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("WRONG_CLAIMS")
  void refusesATokenWithAWrongClaim(Row row) {
    ObjectNode claims = refunds.claims(REFUND);
    if (row.json().equals("null")) {
      claims.remove(row.claim());
    } else {
      claims.set(row.claim(), StrictJson.parse(row.json()));
    }

    assertRefused(refunds.mint(refunds.sign(claims)), "token_rejected");
  }

  static final List<Row> UNMAPPED =
      List.of(
          new Row(
              "an export",
              "",
              "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{\"action\":\"export_customers\"}}]"),
          new Row("no action", "", "[{\"type\":\"urn:smt:agent:refund\"}]"),
          new Row(
              "an action that is no text",
              "",
              "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":[\"process_refund\"]}}]"),
          new Row(
              "the action of another type",
              "",
              "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"find_case\"}}]"),
          new Row(
              "a wildcard",
              "",
              "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"*\"}}]"),
          new Row(
              "a longer action",
              "",
              "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund2\"}}]"),
          new Row(
              "another case of letters",
              "",
              "[{\"type\":\"URN:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund\"}}]"),
          new Row(
              "a bar in the type",
              "",
              "[{\"type\":\"urn:smt:agent:refund|process_refund\",\"operationDetails\":{\"action\":\"\"}}]"),
          new Row(
              "a vault path only",
              "",
              "[{\"type\":\"vault:path_access\",\"path\":\"verify-rar/creds/refunds\"}]"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("UNMAPPED")
  void H03_refusesDetailsThatTheRoleDoesNotMap(Row row) {
    ObjectNode claims = refunds.claims();
    claims.set("authorization_details", StrictJson.parse(row.json()));

    Answer answer = refunds.mint(refunds.sign(claims));

    assertRefused(answer, "rar_no_match");
    assertThat(answer.text()).contains("RAR_NO_MATCH: ", "permission denied");
  }

  @Test
  void H03_refusesAllIfOneOfSeveralElementsIsNotMapped() {
    Answer answer = refunds.mint(refunds.token(REFUND, Refunds.caseRequest("export_customers")));

    assertRefused(answer, "rar_no_match");
  }

  @Test
  void H04_refusesASecondMintOfOneToken() {
    String token = refunds.token(REFUND);
    Login.of(refunds.mint(token));
    refunds.ledger.clear();
    refunds.pass(Duration.ofSeconds(11));

    assertRefused(refunds.mint(token), "token_used");
  }

  @Test
  void H04_refusesASecondMintAfterTheLeaseEnded() {
    String token = refunds.token(REFUND);
    Login login = Login.of(refunds.mint(token));
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
    refunds.ledger.clear();

    assertRefused(refunds.mint(token), "token_used");
  }

  @Test
  void H04_refusesTheSameTokenAtAnotherRole() {
    String token = refunds.token(REFUND);
    Login.of(refunds.mint(token));
    refunds.ledger.clear();

    assertRefused(refunds.mint("brief", token, refunds.assertion("gateway"), null), "token_used");
  }

  @Test
  void givesTheSamePresenterTheSameLeaseWithAFreshPasswordForSeconds() throws Exception {
    String token = refunds.token(REFUND);
    Login first = Login.of(refunds.mint(token));
    refunds.pass(Duration.ofSeconds(9));
    Login again = Login.of(refunds.mint(token));

    assertThat(again.lease()).isEqualTo(first.lease());
    assertThat(again.user()).isEqualTo(first.user());
    assertThat(again.password()).isNotEqualTo(first.password());
    refunds.connect(again).close();
    assertThat(
            refunds.entries(LedgerEvent.LEASE_MINTED).getLast().data().path("repeat").asBoolean())
        .isTrue();
  }

  @Test
  void H05_refusesATokenForAnotherResource() {
    assertRefused(
        refunds.mint("elsewhere", refunds.token(REFUND), refunds.assertion("gateway"), null),
        "token_rejected");
  }

  @Test
  void H05_refusesAWorkloadThatTheRoleDoesNotName() {
    assertRefused(
        refunds.mint("refunds", refunds.token(REFUND), refunds.assertion("other"), null),
        "presenter_not_allowed");
  }

  @Test
  void H05_refusesAnActorThatTheRoleDoesNotName() {
    ObjectNode claims = refunds.claims(REFUND);
    claims.putObject("act").put("sub", "other");

    assertRefused(refunds.mint(refunds.sign(claims)), "actor_not_allowed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nobody", "x.y.z", "not a token"})
  void H05_refusesAPresenterWithoutProof(String assertion) {
    assertRefused(
        refunds.mint("refunds", refunds.token(REFUND), assertion, null), "presenter_not_proven");
  }

  @Test
  void H05_refusesAnAssertionASecondTime() {
    String assertion = refunds.assertion("gateway");
    refunds.mint("refunds", refunds.token(REFUND), assertion, null);
    refunds.ledger.clear();

    assertRefused(
        refunds.mint("refunds", refunds.token(REFUND), assertion, null), "presenter_not_proven");
  }

  @Test
  void H05_refusesTheTokenItselfAsProof() {
    String token = refunds.token(REFUND);

    assertRefused(refunds.mint("refunds", token, token, null), "presenter_not_proven");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/verify-rar/creds/unknown",
        "/v1/verify-rar/creds/Refunds",
        "/v1/verify-rar/creds/refunds/",
        "/v1/verify-rar/creds//refunds",
        "/v1/verify-rar//creds/refunds",
        "/v1/verify-rar/creds/../creds/refunds",
        "/v1/verify-rar/creds/brief%2f..%2frefunds",
        "/v1/verify-rar/creds/refund%73",
        "/v1/verify-rar/creds/refunds%00",
        "/v1/verify-rar/creds/refunds;a=b",
        "/V1/verify-rar/creds/refunds",
      })
  void H02_refusesEveryOtherSpellingOfThePath(String path) {
    Answer answer =
        refunds.send(
            "POST",
            path,
            Map.of(
                "X-Vault-Token",
                refunds.token(REFUND),
                PresenterAssertion.HEADER,
                refunds.assertion("gateway")),
            null);

    assertThat(answer.status()).isBetween(400, 404);
    assertThat(answer.text()).contains("\"errors\"");
    assertThat(refunds.entries(LedgerEvent.LEASE_MINTED)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Authorization", "X-Vault-Namespace", "X-Vault-Wrap-TTL"})
  void H14_refusesASecondIdentityOrAWishThatItCannotFulfil(String header) {
    Answer answer =
        refunds.send(
            "POST",
            "/v1/verify-rar/creds/refunds",
            Map.of(
                "X-Vault-Token",
                refunds.token(REFUND),
                PresenterAssertion.HEADER,
                refunds.assertion("gateway"),
                header,
                "Bearer x"),
            null);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(refunds.refusal()).isEqualTo("malformed");
  }

  @Test
  void H14_doesNotTakeTheTokenFromElsewhere() {
    Answer answer =
        refunds.send(
            "POST",
            "/v1/verify-rar/creds/refunds",
            Map.of(PresenterAssertion.HEADER, refunds.assertion("gateway")),
            null);

    assertRefused(answer, "token_rejected");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/sys/seal",
        "/v1/sys/policies/acl",
        "/v1/auth/token/create",
        "/v1/auth/jwt/config",
        "/v1/sys/unseal",
        "/"
      })
  void H15_knowsNoOtherPath(String path) {
    for (String method : List.of("GET", "POST", "PUT", "DELETE")) {
      assertThat(refunds.send(method, path, Map.of(), null).status()).isEqualTo(404);
    }
  }

  @Test
  void H15_tellsNothingAboutItselfInHealth() {
    Answer answer = refunds.send("GET", "/v1/sys/health", Map.of(), null);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(StrictJson.parseObject(answer.body()).propertyNames())
        .containsExactlyInAnyOrder(
            "initialized",
            "sealed",
            "standby",
            "replication_performance_mode",
            "replication_dr_mode",
            "server_time_utc");
  }

  @Test
  void refusesToReadACredentialWithGet() {
    Answer answer =
        refunds.send(
            "GET",
            "/v1/verify-rar/creds/refunds",
            Map.of("X-Vault-Token", refunds.token(REFUND)),
            null);

    assertThat(answer.status()).isEqualTo(405);
    assertThat(answer.text()).isEqualTo("{\"errors\":[\"unsupported operation\"]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"claims\":[]}",
        "{\"claims\":{}}",
        "{\"claims\":{\"jti\":1,\"authorization_details\":[]}}",
        "{\"claim\":{}}",
        "{\"claims\":{\"jti\":\"x\",\"authorization_details\":[{\"type\":\"t\"}],\"sub\":\"me\"}}"
      })
  void refusesAMalformedBody(String body) {
    Answer answer =
        refunds.mint(
            "refunds",
            refunds.token(REFUND),
            refunds.assertion("gateway"),
            StrictJson.parseObject(body));

    assertThat(answer.status()).isEqualTo(400);
    assertThat(refunds.refusal()).isEqualTo("malformed");
  }

  @Test
  void refusesABodyThatIsNotJson() {
    Answer answer =
        new WireClient()
            .send(
                "POST",
                URI.create(refunds.broker().baseUri() + "/v1/verify-rar/creds/refunds"),
                Map.of("Content-Type", "text/plain"),
                "{}",
                Duration.ofSeconds(10));

    assertThat(answer.status()).isEqualTo(415);
    assertThat(answer.text()).isEqualTo("{\"errors\":[\"the body must be JSON\"]}");
  }

  @Test
  void mintsNothingWhenTheLedgerIsAway() {
    refunds.ledgerIsAway(true);
    Answer answer = refunds.mint(refunds.token(REFUND));
    refunds.ledgerIsAway(false);

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("retry-after")).isPresent();
    assertThat(refunds.leftOvers()).isZero();
  }

  @Test
  void writesTheEndIntoTheLedgerOnceItIsBack() {
    refunds.ledgerIsAway(true);
    refunds.mint(refunds.token(REFUND));
    refunds.ledgerIsAway(false);
    refunds.pass(Duration.ofSeconds(11));
    refunds.broker().sweeper().sweep();

    assertThat(refunds.entries(LedgerEvent.LEASE_REVOKED))
        .singleElement()
        .satisfies(
            entry -> assertThat(entry.data().path("cause").stringValue()).isEqualTo("unfinished"));
  }

  @Test
  void neverRepeatsATokenOrItsValuesInARefusal() {
    ObjectNode claims = refunds.claims(Refunds.caseRequest("export_customers"));
    String token = refunds.sign(claims);
    Answer answer = refunds.mint(token);

    assertThat(answer.text() + refunds.ledger)
        .doesNotContain(token, "export_customers", token.split("\\.", -1)[2]);
  }
}
