package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.clients.ClientOptions;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// What other standards offer and we do not: it is neither announced nor half done.
class DeclinedTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "authorization_endpoint", // IS_03, MD_09
        "authorization_response_iss_parameter_supported",
        "registration_endpoint",
        "backchannel_authentication_endpoint", // CB_01, CB_06
        "backchannel_user_code_parameter_supported",
        "identity_chaining_requested_token_types_supported", // IJ_05
        "authorization_grant_profiles_supported",
        "challenge_endpoint", // AB_04
        "client_attestation_signing_alg_values_supported", // AB_05
        "status_list_aggregation_endpoint" // SL_05
      })
  void IS_03_MD_09_CB_06_IJ_05_AB_05_SL_05_isNotAnnounced(String member) {
    for (String document : List.of("oauth-authorization-server", "openid-configuration")) {
      Answer metadata = WORLD.send("GET", "/.well-known/" + document, null);
      assertThat(metadata.status()).isEqualTo(200);
      assertThat(metadata.json().has(member)).isFalse();
      assertThat(metadata.body()).doesNotContain("attest_jwt_client_auth", "client_secret_jwt");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/oauth2/authorize",
        "/oauth2/bc-authorize", // CB_01, CB_02, CB_05
        "/oauth2/par",
        "/oauth2/register",
        "/oauth2/attestation-challenge",
        "/oauth2/statuslists"
      })
  void IS_03_CB_01_CB_02_CB_05_AB_04_SL_05_isNotServed(String path) {
    String body = World.encoded(form());
    String type = "application/x-www-form-urlencoded";

    assertThat(WORLD.send("POST", path, body, "Content-Type", type).status()).isEqualTo(404);
    assertThat(WORLD.send("GET", path, null).status()).isEqualTo(404);
  }

  @Test
  void AB_01_AB_02_AB_03_anAttestationProvesNoClient() {
    Map<String, String> form = form();
    form.remove("client_assertion");
    form.remove("client_assertion_type");
    form.put("client_id", "gateway");
    String assertion = WORLD.assertion("gateway");

    Answer answer =
        WORLD.post(
            form, "OAuth-Client-Attestation", assertion, "OAuth-Client-Attestation-PoP", assertion);

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text("error")).isEqualTo("invalid_client");
  }

  @Test
  void TT_05_aTransactionTokenHeaderIsNoCredential() {
    String token = WORLD.exchange(WORLD.person(), 100).text("access_token");

    assertThat(WORLD.send("GET", "/oauth2/userinfo", null, "Txn-Token", token).status())
        .isEqualTo(401);
  }

  @Test
  void SL_03_aTokenNamesNoStatusList() {
    ObjectNode claims = World.claims(WORLD.exchange(WORLD.person(), 100).text("access_token"));

    assertThat(claims.has("status")).isFalse();
  }

  @Test
  void JW_12_everyTokenHasAnIdOfItsOwn() {
    var ids = new HashSet<String>();
    for (int i = 0; i < 20; i++) {
      String id =
          World.claims(WORLD.exchange(WORLD.person(), 100).text("access_token"))
              .path("jti")
              .stringValue();
      assertThat(id).hasSizeGreaterThanOrEqualTo(22);
      assertThat(ids.add(id)).isTrue();
    }
  }

  @Test
  void JW_12_anIdOfOneIssuerIsNoneOfAnother() {
    var first = WORLD.register("first-of-two", ClientOptions.none());
    var second = WORLD.register("second-of-two", ClientOptions.none());

    assertThat(withId("first-of-two", first).status()).isEqualTo(200);
    assertThat(withId("second-of-two", second).status()).isEqualTo(200);
    assertThat(withId("second-of-two", second).text("error")).isEqualTo("invalid_client");
  }

  private static Answer withId(String client, com.nimbusds.jose.jwk.ECKey key) {
    ObjectNode claims = StrictJson.object().put("iss", client).put("sub", client);
    claims.put("aud", WORLD.issuer).put("jti", "the same id");
    claims.put("iat", World.NOON.getEpochSecond()).put("exp", World.NOON.getEpochSecond() + 60);
    Map<String, String> form = form();
    form.put(
        "client_assertion",
        new dev.countersign.protocol.JwtSigner(key).sign(PresenterAssertion.TYPE, claims));
    return WORLD.post(form);
  }

  private static Map<String, String> form() {
    return new LinkedHashMap<>(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
  }
}
