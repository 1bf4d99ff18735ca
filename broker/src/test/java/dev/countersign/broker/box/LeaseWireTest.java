package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseSelection;
import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient.Answer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Leases over Vault's paths: looked up, listed, renewed, and ended one by one or many at once.
class LeaseWireTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);
  private static final String SESSIONS = "/v1/countersign/sessions/revoke";
  private static final String LENA = "okta|00u1lena0000000000a1";

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
  void nothingIsLeft() {
    refunds.pass(Duration.ofMinutes(15));
    refunds.broker().sweeper().sweep();
    refunds.ledger.clear();
    assertThat(refunds.leftOvers()).isZero();
  }

  private static Answer lookup(String lease, String workload) {
    return refunds.write("/v1/sys/leases/lookup", workload, id(lease));
  }

  private static Answer renew(String lease, String workload, String increment) {
    ObjectNode body = id(lease);
    body.set("increment", StrictJson.parse(increment));
    return refunds.write("/v1/sys/leases/renew", workload, body);
  }

  private static Answer list(String prefix, String workload) {
    return refunds.send(
        "GET",
        "/v1/sys/leases/lookup/" + prefix + "?list=true",
        Map.of(PresenterAssertion.HEADER, refunds.assertion(workload)),
        null);
  }

  private static ObjectNode id(String lease) {
    return StrictJson.object().put("lease_id", lease);
  }

  private static ObjectNode data(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return (ObjectNode) StrictJson.parseObject(answer.body()).path("data");
  }

  @Test
  void looksALeaseUp() {
    Login login = refunds.login(REFUND);

    ObjectNode found = data(lookup(login.lease(), "gateway"));

    assertThat(found.path("id").stringValue()).isEqualTo(login.lease());
    assertThat(found.path("path").stringValue()).isEqualTo("verify-rar/creds/refunds");
    assertThat(found.path("ttl").intValue()).isBetween(290, 300);
    assertThat(found.path("renewable").booleanValue()).isFalse();
    assertThat(found.path("last_renewal").isNull()).isTrue();
    assertThat(found.path("issue_time").stringValue()).matches("2.*T.*Z");
    assertThat(found.path("expire_time").stringValue()).matches("2.*T.*Z");
  }

  @Test
  void H09_tellsNobodyElseOfALease() {
    Login login = refunds.login(REFUND);

    assertThat(lookup(login.lease(), "other").status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_allowed");
    assertThat(data(lookup(login.lease(), "operator")).path("id").stringValue())
        .isEqualTo(login.lease());
  }

  @Test
  void H09_knowsNothingOfALeaseThatIsUnknownOrEnded() {
    Login login = refunds.login(REFUND);
    refunds.revoke(login.lease(), "gateway");

    assertThat(lookup(login.lease(), "gateway").status()).isEqualTo(400);
    assertThat(lookup("verify-rar/creds/refunds/none", "gateway").text())
        .isEqualTo("{\"errors\":[\"invalid lease\"]}");
    assertThat(refunds.write("/v1/sys/leases/lookup", "gateway", StrictJson.object()).text())
        .isEqualTo("{\"errors\":[\"lease_id must be specified\"]}");
  }

  @Test
  void listsItsOwnLeasesToEachAndAllToAnOperator() {
    Login login = refunds.login(REFUND);

    String last = login.lease().substring(login.lease().lastIndexOf('/') + 1);
    for (String who : List.of("gateway", "operator")) {
      assertThat(data(list("verify-rar/creds/", who)).path("keys").toString())
          .isEqualTo("[\"refunds/\"]");
      assertThat(data(list("verify-rar/creds/refunds", who)).path("keys").toString())
          .isEqualTo("[\"" + last + "\"]");
    }
    assertThat(list("verify-rar/creds/", "other").text()).isEqualTo("{\"errors\":[]}");
    assertThat(list("verify-rar/creds/brief/", "gateway").status()).isEqualTo(404);
    assertThat(list("verify-rar/creds/", "nobody").status()).isEqualTo(403);
  }

  @Test
  void listsWithTheMethodOfVaultsOwnClients() {
    Login login = refunds.login(REFUND);

    Answer answer =
        refunds.send(
            "LIST",
            "/v1/sys/leases/lookup/verify-rar/creds/refunds",
            Map.of(PresenterAssertion.HEADER, refunds.assertion("gateway")),
            null);

    assertThat(data(answer).path("keys").toString())
        .contains("\"" + login.lease().substring("verify-rar/creds/refunds/".length()) + "\"");
  }

  @Test
  void renewsALeaseUpToItsLongestTimeAndNoSecondMore() throws SQLException {
    Login login = refunds.login("long", REFUND);
    assertThat(data(lookup(login.lease(), "gateway")).path("renewable").booleanValue()).isTrue();

    refunds.pass(Duration.ofMinutes(4));
    ObjectNode renewed = StrictJson.parseObject(renew(login.lease(), "gateway", "300").body());
    assertThat(renewed.path("lease_duration").intValue()).isBetween(298, 300);
    assertThat(renewed.path("renewable").booleanValue()).isTrue();
    assertThat(refunds.entries(LedgerEvent.LEASE_RENEWED)).hasSize(1);

    refunds.pass(Duration.ofMinutes(4));
    assertThat(
            StrictJson.parseObject(renew(login.lease(), "gateway", "\"1h\"").body())
                .path("lease_duration")
                .intValue())
        .isBetween(235, 240);

    refunds.pass(Duration.ofSeconds(235));
    refunds.broker().sweeper().sweep();
    try (var connection = refunds.connect(login)) {
      assertThat(Refunds.ask(connection, "SELECT countersign.request() IS NOT NULL"))
          .isEqualTo("t");
    }
    refunds.pass(Duration.ofSeconds(6));
    refunds.broker().sweeper().sweep();
    assertThat(refunds.exists(login)).isFalse();
  }

  @Test
  void movesTheEndInTheDatabaseToo() {
    Login login = refunds.login("long", REFUND);
    String before = validUntil(login);
    refunds.pass(Duration.ofMinutes(2));

    renew(login.lease(), "gateway", "300");

    assertThat(validUntil(login)).isGreaterThan(before);
    assertThat(
            refunds.ask(
                "SELECT rolvaliduntil = expires_at FROM pg_roles JOIN countersign.approved_request"
                    + " ON role_name = rolname WHERE rolname = '"
                    + login.user()
                    + "'"))
        .isEqualTo("t");
  }

  private static String validUntil(Login login) {
    return refunds.ask(
        "SELECT rolvaliduntil AT TIME ZONE 'UTC' FROM pg_roles WHERE rolname = '"
            + login.user()
            + "'");
  }

  @Test
  void H09_renewsNothingThatIsNotRenewableOverOrSomebodyElses() {
    Login fixed = refunds.login(REFUND);
    assertThat(renew(fixed.lease(), "gateway", "60").text())
        .isEqualTo("{\"errors\":[\"lease is not renewable\"]}");

    Login renewable = refunds.login("long", REFUND);
    assertThat(renew(renewable.lease(), "other", "60").status()).isEqualTo(403);
    assertThat(renew(renewable.lease(), "operator", "60").status()).isEqualTo(403);
    assertThat(renew("verify-rar/creds/long/none", "gateway", "60").text())
        .isEqualTo("{\"errors\":[\"lease not found\"]}");
    refunds.pass(Duration.ofMinutes(5));
    assertThat(renew(renewable.lease(), "gateway", "60").text())
        .isEqualTo("{\"errors\":[\"lease expired\"]}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "1.5", "\"\"", "\"5 m\"", "[]", "null", "\"9999999\""})
  void refusesAnIncrementThatIsNoDuration(String increment) {
    Login login = refunds.login("long", REFUND);

    assertThat(renew(login.lease(), "gateway", increment).status()).isEqualTo(400);
    assertThat(refunds.refusal()).isEqualTo("malformed");
  }

  @Test
  void J18_renewsNothingAfterThePersonWasRevoked() {
    Login login = refunds.login("long", REFUND);
    refunds.revokeSubject(Refunds.MAYA, Ids.random(), "receiver");

    assertThat(renew(login.lease(), "gateway", "60").status()).isEqualTo(400);
    assertThat(refunds.exists(login)).isFalse();
    refunds.pass(Duration.ofSeconds(1));
  }

  @Test
  void takesTheLeaseFromThePathAsOlderClientsSendIt() {
    Login login = refunds.login(REFUND);

    assertThat(
            refunds
                .write("/v1/sys/leases/revoke/" + login.lease(), "gateway", StrictJson.object())
                .status())
        .isEqualTo(204);
    assertThat(refunds.exists(login)).isFalse();
    assertThat(
            refunds.write("/v1/sys/leases/revoke/a%2fb", "gateway", StrictJson.object()).status())
        .isEqualTo(404);
  }

  @Test
  void refusesTwoLeasesInOneRequest() {
    Login login = refunds.login(REFUND);

    assertThat(
            refunds
                .write("/v1/sys/leases/revoke/" + login.lease(), "gateway", id("another"))
                .status())
        .isEqualTo(400);
    assertThat(refunds.exists(login)).isTrue();
  }

  @Test
  void endsByPrefixWhatIsItsOwn() {
    Login first = refunds.login(REFUND);
    Login second = refunds.login("long", REFUND);

    Answer others =
        refunds.write(
            "/v1/sys/leases/revoke-prefix/verify-rar/creds", "other", StrictJson.object());
    assertThat(others.status()).isEqualTo(204);
    assertThat(refunds.exists(first)).isTrue();

    Answer own =
        refunds.write(
            "/v1/sys/leases/revoke-prefix/verify-rar/creds/refunds/",
            "gateway",
            StrictJson.object().put("sync", true));
    assertThat(own.status()).isEqualTo(204);
    assertThat(refunds.exists(first)).isFalse();
    assertThat(refunds.exists(second)).isTrue();

    refunds.write("/v1/sys/leases/revoke-prefix/verify-rar/creds", "operator", StrictJson.object());
    assertThat(refunds.exists(second)).isFalse();
    assertThat(causes()).containsExactly("call_finished", "operator");
  }

  private static List<String> causes() {
    return refunds.entries(LedgerEvent.LEASE_REVOKED).stream()
        .map(entry -> entry.data().path("cause").stringValue())
        .toList();
  }

  @Test
  void H08_endsEverythingOfAClientAndRefusesItsOlderTokens() {
    ObjectNode ofAnother = refunds.claims(REFUND).put("client_id", "copilot").put("sub", LENA);
    ofAnother.putObject("act").put("sub", "copilot");
    Login other = Login.of(refunds.mint(refunds.sign(ofAnother)));
    Login login = refunds.login(REFUND);
    String before = refunds.token(REFUND);

    Answer answer = revokeAll("clients", "client_id", "gateway", "receiver");

    assertThat(data(answer).path("revoked").intValue()).isOne();
    assertThat(refunds.exists(login)).isFalse();
    assertThat(refunds.exists(other)).isTrue();
    assertThat(refunds.mint(before).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("token_revoked");
    assertThat(causes()).containsExactly("client_revoked");
    refunds.pass(Duration.ofSeconds(2));
    refunds.revoke(refunds.login(REFUND).lease(), "gateway");
  }

  @Test
  void H08_endsWhatOneClientDoesForOnePersonAndRefusesItsOlderTokens() {
    ObjectNode ofAnother = refunds.claims(REFUND).put("client_id", "copilot");
    ofAnother.putObject("act").put("sub", "copilot");
    Login otherClient = Login.of(refunds.mint(refunds.sign(ofAnother)));
    Login otherPerson =
        Login.of(refunds.mint(refunds.sign(refunds.claims(REFUND).put("sub", LENA))));
    Login login = refunds.login(REFUND);
    String before = refunds.token(REFUND);

    Answer answer = refunds.write(SESSIONS, "sts", session(Refunds.MAYA, "gateway"));

    assertThat(data(answer).path("revoked").intValue()).isOne();
    assertThat(refunds.exists(login)).isFalse();
    assertThat(refunds.exists(otherClient)).isTrue();
    assertThat(refunds.exists(otherPerson)).isTrue();
    assertThat(refunds.mint(before).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("token_revoked");
    assertThat(causes()).containsExactly("client_revoked");
    refunds.pass(Duration.ofSeconds(2));
    refunds.revoke(refunds.login(REFUND).lease(), "gateway");
  }

  @Test
  void H15_endsNoSessionForOthersAndNoneThatIsHalfNamed() {
    Login login = refunds.login(REFUND);

    assertThat(refunds.write(SESSIONS, "gateway", session(Refunds.MAYA, "gateway")).status())
        .isEqualTo(403);
    for (String member : List.of("sub", "client_id", "txn")) {
      ObjectNode body = session(Refunds.MAYA, "gateway");
      body.remove(member);
      Answer answer = refunds.write(SESSIONS, "sts", body);
      assertThat(answer.status()).as(member).isEqualTo(400);
      assertThat(StrictJson.parseObject(answer.body()).path("errors").toString()).contains(member);
    }
    assertThat(refunds.exists(login)).isTrue();
  }

  private static ObjectNode session(String subject, String client) {
    return StrictJson.object()
        .put("sub", subject)
        .put("client_id", client)
        .put("txn", Ids.random());
  }

  @Test
  void H08_endsWhatATokenPaidForAndRefusesItIfItWasNotUsedYet() {
    ObjectNode used = refunds.claims(REFUND);
    Login login = Login.of(refunds.mint(refunds.sign(used)));
    ObjectNode unused = refunds.claims(REFUND);

    for (ObjectNode claims : List.of(used, unused)) {
      data(revokeAll("tokens", "jti", claims.path("jti").stringValue(), "receiver"));
    }

    assertThat(refunds.exists(login)).isFalse();
    assertThat(refunds.mint(refunds.sign(unused)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("token_revoked");
    assertThat(causes()).containsExactly("token_revoked");
  }

  @Test
  void H08_letsAnOperatorAtATerminalEndWhatTheBrokerMinted() throws SQLException {
    Login login = refunds.login(REFUND);
    Login renewable = refunds.login("long", REFUND);
    try (var desk = refunds.desk();
        var connection = refunds.connect(login)) {
      List<Lease> selected =
          desk.list(new LeaseSelection.WithPrefix("verify-rar/creds/refunds", ""));
      assertThat(selected).extracting(lease -> lease.id().text()).containsExactly(login.lease());

      assertThat(desk.revoke(selected)).isEmpty();

      assertThat(connection.isValid(1)).isFalse();
      assertThat(desk.list(new LeaseSelection.OfSubject(Refunds.MAYA)))
          .extracting(lease -> lease.id().text())
          .containsExactly(renewable.lease());
      assertThat(desk.find(new LeaseId(login.lease())).orElseThrow().state())
          .isInstanceOf(Lease.State.Ended.class);
      assertThat(desk.orphans()).isZero();
    }
    assertThat(refunds.exists(login)).isFalse();
    assertThat(causes()).containsExactly("operator");
  }

  @Test
  void H15_letsNobodyElseRevokeAll() {
    Login login = refunds.login(REFUND);

    assertThat(revokeAll("clients", "client_id", "gateway", "gateway").status()).isEqualTo(403);
    assertThat(revokeAll("tokens", "jti", "x", "other").status()).isEqualTo(403);
    assertThat(refunds.exists(login)).isTrue();
  }

  private static Answer revokeAll(String what, String member, String name, String workload) {
    return refunds.write(
        "/v1/countersign/" + what + "/revoke",
        workload,
        StrictJson.object().put(member, name).put("txn", Ids.random()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/sys/leases/lookup",
        "/v1/sys/leases/renew",
        "/v1/sys/leases/revoke",
        "/v1/sys/leases/revoke-prefix/verify-rar"
      })
  void H15_asksEveryoneForAProof(String path) {
    Login login = refunds.login(REFUND);
    ObjectNode body = path.endsWith("verify-rar") ? StrictJson.object() : id(login.lease());

    Answer answer =
        refunds.send("POST", path, Map.of("X-Vault-Token", refunds.token(REFUND)), body);

    assertThat(answer.status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_proven");
    assertThat(refunds.exists(login)).isTrue();
  }
}
