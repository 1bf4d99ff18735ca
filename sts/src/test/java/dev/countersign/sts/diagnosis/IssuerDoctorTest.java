package dev.countersign.sts.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.sts.diagnosis.IssuerDoctor.Published;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IssuerDoctorTest {
  private static final String ENTRA = "https://login.microsoftonline.com/t/v2.0";
  private static final String ENTRA_KEYS =
      "https://login.microsoftonline.com/t/discovery/v2.0/keys";
  private static final String OKTA = "https://contoso.okta.com/oauth2/default";
  private static final String OKTA_KEYS = OKTA + "/v1/keys";

  @Test
  void agreesWithAnAnchorThatIsRight() {
    assertThat(codes(ENTRA, ENTRA_KEYS, document(ENTRA, ENTRA_KEYS))).isEmpty();
    assertThat(codes(OKTA, OKTA_KEYS, document(OKTA, OKTA_KEYS))).isEmpty();
  }

  @Test
  void E5_seesAnAnchorOfVersion1() {
    assertThat(
            codes(
                "https://sts.windows.net/t/",
                ENTRA_KEYS,
                document("https://sts.windows.net/t/", ENTRA_KEYS)))
        .contains(Code.ENTRA_ANCHOR_V1);
    String old = "https://login.microsoftonline.com/t/discovery/keys";
    assertThat(codes(ENTRA, old, document(ENTRA, ENTRA_KEYS))).contains(Code.ENTRA_ANCHOR_V1);
  }

  @Test
  void E7_seesATemplate() {
    String common = "https://login.microsoftonline.com/common/v2.0";

    assertThat(
            codes(
                common,
                ENTRA_KEYS,
                document("https://login.microsoftonline.com/{tenantid}/v2.0", ENTRA_KEYS)))
        .contains(Code.ENTRA_TEMPLATE);
  }

  @Test
  void O1_seesTheOrgServer() {
    String org = "https://contoso.okta.com";

    assertThat(codes(org, org + "/oauth2/v1/keys", document(org, org + "/oauth2/v1/keys")))
        .contains(Code.OKTA_ORG);
  }

  @Test
  void O4_seesThatThereIsNoCustomServer() {
    assertThat(codes(OKTA, OKTA_KEYS, Optional.of(new Published(404, "{}"))))
        .containsExactly(Code.OKTA_NO_SERVERS);
  }

  @Test
  void O7_seesKeysOfAnotherServer() {
    assertThat(
            codes(OKTA, "https://contoso.okta.com/oauth2/aus1/v1/keys", document(OKTA, OKTA_KEYS)))
        .containsExactly(Code.OKTA_OTHER_SERVER);
  }

  @Test
  void C12_seesASlashTooMany() {
    assertThat(codes(OKTA, OKTA_KEYS, document(OKTA + "/", OKTA_KEYS)))
        .containsExactly(Code.ISSUER_SLASH);
  }

  @Test
  void seesAnotherIssuerAnotherAlgorithmAndNonsense() {
    assertThat(codes(OKTA, OKTA_KEYS, document("https://other.example", OKTA_KEYS)))
        .containsExactly(Code.TOKEN_ISSUER);
    assertThat(
            codes(
                OKTA,
                OKTA_KEYS,
                Optional.of(
                    new Published(
                        200,
                        "{\"issuer\":\""
                            + OKTA
                            + "\",\"jwks_uri\":\""
                            + OKTA_KEYS
                            + "\",\"id_token_signing_alg_values_supported\":[\"HS256\"]}"))))
        .containsExactly(Code.TOKEN_ALGORITHM);
    assertThat(codes(OKTA, OKTA_KEYS, Optional.of(new Published(200, "<html>"))))
        .containsExactly(Code.TOKEN_ISSUER);
    assertThat(codes(OKTA, OKTA_KEYS, Optional.empty())).containsExactly(Code.AWAY);
  }

  @Test
  void anIssuerOfPlainJwtsNeedsNoDiscoveryDocument() {
    String plain = "https://tokens.example";
    var doctor = new IssuerDoctor(plain, plain + "/keys", Set.of("RS256"), false);

    for (Optional<Published> none :
        List.of(Optional.<Published>empty(), Optional.of(new Published(404, "not found")))) {
      assertThat(doctor.examine(none)).isEmpty();
      assertThat(doctor.isEnoughWithout(none)).isTrue();
    }
    assertThat(codes(plain, plain + "/keys", document("https://other.example", plain + "/keys")))
        .as("one that it has must agree")
        .containsExactly(Code.TOKEN_ISSUER);
    assertThat(codes(plain, "", Optional.of(new Published(404, "{}"))))
        .as("without jwks the keys are found by discovery only")
        .containsExactly(Code.TOKEN_ISSUER);
  }

  @Test
  void seesKeysThatAreNone() {
    var doctor = new IssuerDoctor(OKTA, OKTA_KEYS, Set.of("RS256"), false);

    assertThat(doctor.examineKeys(OKTA_KEYS, Optional.empty())).hasSize(1);
    assertThat(doctor.examineKeys(OKTA_KEYS, Optional.of(new Published(500, "")))).hasSize(1);
    assertThat(doctor.examineKeys(OKTA_KEYS, Optional.of(new Published(200, "{\"keys\":[]}"))))
        .extracting(Finding::code)
        .containsExactly(Code.TOKEN_SIGNATURE);
    assertThat(doctor.examineKeys(OKTA_KEYS, Optional.of(new Published(200, "<html>")))).hasSize(1);
  }

  private static List<Code> codes(String issuer, String jwks, Optional<Published> document) {
    return new IssuerDoctor(issuer, jwks, Set.of("RS256"), false)
        .examine(document).stream().map(Finding::code).toList();
  }

  private static Optional<Published> document(String issuer, String jwks) {
    return Optional.of(
        new Published(
            200,
            "{\"issuer\":\""
                + issuer
                + "\",\"jwks_uri\":\""
                + jwks
                + "\",\"token_endpoint\":\""
                + issuer
                + (issuer.contains("okta") ? "/oauth2/v1/token" : "/oauth2/v2.0/token")
                + "\",\"id_token_signing_alg_values_supported\":[\"RS256\"]}"));
  }
}
