package dev.countersign.sts.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

class TokenDoctorTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final String TENANT = "11111111-2222-3333-4444-555555555555";
  private static final String APP = "66666666-7777-8888-9999-000000000000";
  private static final String V2 = "https://login.microsoftonline.com/" + TENANT + "/v2.0";
  private static final String V1 = "https://sts.windows.net/" + TENANT + "/";
  private static final String OKTA = "https://contoso.okta.com/oauth2/default";
  private static final ECKey KEY = key();

  private static final Expected ENTRA = expected(V2, APP, "oid", Map.of("ver", "2.0"));
  private static final Expected OKTA_ANCHOR = expected(OKTA, "api://refunds", "uid", Map.of());

  /// A token of each provider with one thing wrong, and the code of that.
  static final List<Row> TABLE =
      List.of(
          new Row(
              "E1",
              ENTRA,
              entra().put("aud", "00000003-0000-0000-c000-000000000000"),
              Code.ENTRA_GRAPH),
          new Row(
              "E1 by URL",
              ENTRA,
              entra().put("aud", "https://graph.microsoft.com"),
              Code.ENTRA_GRAPH),
          new Row("E3", ENTRA, entra().put("ver", "1.0").put("iss", V1), Code.ENTRA_V1),
          new Row(
              "E4", ENTRA, entra().put("ver", "1.0").put("iss", V1), Code.ENTRA_RESOURCE_DECIDES),
          new Row("E5", expected(V1, APP, "oid", Map.of()), entra(), Code.ENTRA_ANCHOR_V1),
          new Row("E6", ENTRA, entra().put("aud", "api://refunds"), Code.ENTRA_AUDIENCE_FORM),
          new Row("E14", ENTRA, without(entra(), "email"), Code.ENTRA_NO_EMAIL),
          new Row(
              "E17",
              expected(V2, APP, "email", Map.of()),
              entra().put("preferred_username", "g_x.example#EXT#@contoso.example"),
              Code.ENTRA_GUEST_KEY),
          new Row("E18", ENTRA, without(entra(), "oid"), Code.ENTRA_NO_OID),
          new Row(
              "E19",
              ENTRA,
              entra().put("preferred_username", "g_x.example#EXT#@contoso.example"),
              Code.ENTRA_REVOKED),
          new Row("E23", expected(V2, APP, "sub", Map.of()), entra(), Code.ENTRA_PAIRWISE),
          new Row("E24", ENTRA, entra().put("aud", "https://graph.microsoft.com"), Code.ENTRA_LATE),
          new Row("O1", OKTA_ANCHOR, okta().put("iss", "https://contoso.okta.com"), Code.OKTA_ORG),
          new Row(
              "O2",
              OKTA_ANCHOR,
              okta().put("iss", "https://contoso.okta.com"),
              Code.OKTA_ORG_TOKEN),
          new Row(
              "O7",
              OKTA_ANCHOR,
              okta().put("iss", "https://contoso.okta.com/oauth2/aus1"),
              Code.OKTA_OTHER_SERVER),
          new Row(
              "O8", OKTA_ANCHOR, okta().put("aud", "api://default"), Code.OKTA_DEFAULT_AUDIENCE),
          new Row("O10", OKTA_ANCHOR, without(okta(), "email"), Code.OKTA_NO_EMAIL),
          new Row("O12", OKTA_ANCHOR, okta().put("exp", at(3_600)), Code.OKTA_LONG_LIFE),
          new Row("C1", OKTA_ANCHOR, mayActArray(okta()), Code.MAY_ACT),
          new Row("C6", OKTA_ANCHOR, details(okta().put("jti", "1")), Code.DETAILS_OUTSIDE),
          new Row("C10", OKTA_ANCHOR, details(okta()), Code.NO_JTI),
          new Row("C12", OKTA_ANCHOR, okta().put("iss", OKTA + "/"), Code.ISSUER_SLASH),
          new Row("C14 nested", OKTA_ANCHOR, event(false, at(0)), Code.EVENT_SHAPE),
          new Row("C14 milliseconds", OKTA_ANCHOR, event(true, at(0) * 1_000), Code.EVENT_SHAPE),
          new Row("C17", OKTA_ANCHOR, bound(okta()), Code.DPOP_USERINFO),
          new Row("expired", OKTA_ANCHOR, okta().put("exp", at(-60)), Code.TOKEN_EXPIRED),
          new Row("from the future", OKTA_ANCHOR, okta().put("iat", at(600)), Code.TOKEN_CLOCK),
          new Row("milliseconds", OKTA_ANCHOR, okta().put("exp", at(60) * 1_000), Code.TOKEN_TIMES),
          new Row(
              "before all time", OKTA_ANCHOR, okta().put("exp", Long.MIN_VALUE), Code.TOKEN_TIMES),
          new Row("without end", OKTA_ANCHOR, without(okta(), "exp"), Code.TOKEN_TIMES),
          new Row(
              "for somebody else",
              OKTA_ANCHOR,
              okta().put("aud", "api://other"),
              Code.TOKEN_AUDIENCE),
          new Row(
              "of somebody else",
              OKTA_ANCHOR,
              okta().put("iss", "https://other.example"),
              Code.TOKEN_ISSUER),
          new Row("of nobody", OKTA_ANCHOR, without(okta(), "uid"), Code.TOKEN_SUBJECT),
          new Row("of another tenant", ENTRA, entra().put("ver", "3.0"), Code.TOKEN_CLAIM));

  @ParameterizedTest(name = "{0}")
  @FieldSource("TABLE")
  void seesWhatIsWrong(Row row) {
    assertThat(codes(row.expected(), sign(row.claims()))).contains(row.code());
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("TABLE")
  void repeatsNothingOfAPersonAndNothingOfTheToken(Row row) {
    String token = sign(row.claims());

    for (Finding finding : new TokenDoctor(row.expected(), NOON).examine(token)) {
      assertThat(finding.seen())
          .doesNotContain("maya", "#EXT#", "other.example", token.substring(0, 20));
    }
  }

  @Test
  void E2_seesTheNonceHeader() {
    String header = "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"nonce\":\"n\"}";
    String token =
        encoded(header) + "." + encoded(StrictJson.write(entra())) + "." + encoded("signature");

    assertThat(codes(ENTRA, token)).contains(Code.ENTRA_NONCE);
  }

  @Test
  void C2_seesThatAnotherApplicationSignedThePersonIn() {
    var strict =
        new Expected(
            OKTA,
            Set.of("api://refunds"),
            Set.of("", "JWT"),
            Set.of("ES256"),
            "uid",
            List.of("email"),
            Map.of(),
            Set.of("another-app"),
            Duration.ofSeconds(30));

    assertThat(codes(strict, sign(okta()))).containsExactly(Code.TOKEN_PARTY);
  }

  @Test
  void findsNothingInGoodTokens() {
    assertThat(codes(ENTRA, sign(entra()))).isEmpty();
    assertThat(codes(OKTA_ANCHOR, sign(okta()))).isEmpty();
  }

  @Test
  void looksAtATokenWithoutAnAnchor() {
    assertThat(codes(null, sign(entra()))).isEmpty();
    assertThat(codes(null, sign(entra().put("aud", "https://graph.microsoft.com"))))
        .startsWith(Code.ENTRA_GRAPH);
  }

  @Test
  void theCauseStandsBeforeItsConsequences() {
    var graph = entra().put("aud", "https://graph.microsoft.com").put("ver", "1.0").put("iss", V1);

    assertThat(codes(ENTRA, sign(graph))).startsWith(Code.ENTRA_GRAPH);
  }

  @Test
  void whatIsNoTokenIsCalledSo() {
    for (String text : List.of("", "opaque", "a.b", "a.b.c", "....", "e30.W10.AAAA")) {
      assertThat(codes(ENTRA, text)).as(text).containsExactly(Code.TOKEN_FORM);
    }
  }

  @Test
  void claimsOfWrongTypesBreakNothing() {
    for (String name :
        List.of(
            "iss",
            "aud",
            "ver",
            "exp",
            "iat",
            "nbf",
            "may_act",
            "cnf",
            "events",
            "authorization_details",
            "oid",
            "email",
            "preferred_username",
            "azp",
            "cid")) {
      for (String value :
          List.of(
              "null", "[]", "{}", "[[1]]", "1.5", "-1", "true", "\"\"", "9223372036854775808")) {
        ObjectNode claims = okta();
        claims.set(name, StrictJson.parse(value));
        assertThat(new TokenDoctor(OKTA_ANCHOR, NOON).examine(sign(claims))).isNotNull();
        claims.setAll(entra());
        claims.set(name, StrictJson.parse(value));
        assertThat(new TokenDoctor(ENTRA, NOON).examine(sign(claims))).isNotNull();
      }
    }
  }

  private static List<Code> codes(
      @org.jspecify.annotations.Nullable Expected expected, String token) {
    return new TokenDoctor(expected, NOON).examine(token).stream().map(Finding::code).toList();
  }

  private static ObjectNode entra() {
    return StrictJson.object()
        .put("iss", V2)
        .put("aud", APP)
        .put("ver", "2.0")
        .put("tid", TENANT)
        .put("oid", "0b6f1f9e-1111-4a11-9a11-00000000a001")
        .put("sub", "pairwise")
        .put("email", "maya@contoso.example")
        .put("iat", at(0))
        .put("exp", at(300));
  }

  private static ObjectNode okta() {
    return StrictJson.object()
        .put("iss", OKTA)
        .put("aud", "api://refunds")
        .put("ver", 1)
        .put("cid", "console")
        .put("uid", "00u1")
        .put("sub", "maya@contoso.example")
        .put("email", "maya@contoso.example")
        .put("iat", at(0))
        .put("exp", at(300));
  }

  private static ObjectNode mayActArray(ObjectNode claims) {
    claims.putObject("may_act").putArray("sub").add("gateway").add("other");
    return claims;
  }

  private static ObjectNode details(ObjectNode claims) {
    claims
        .putArray("authorization_details")
        .addObject()
        .put("type", "urn:smt:agent:refund")
        .put("amount", 1);
    return claims;
  }

  private static ObjectNode bound(ObjectNode claims) {
    claims.putObject("cnf").put("jkt", "x");
    return claims;
  }

  private static ObjectNode event(boolean subjectBeside, long time) {
    ObjectNode claims = StrictJson.object().put("iss", "https://antenna.example").put("iat", at(0));
    ObjectNode event =
        claims
            .putObject("events")
            .putObject("https://schemas.openid.net/secevent/caep/event-type/session-revoked");
    event.put("event_timestamp", time);
    (subjectBeside ? claims : event).putObject("sub_id").put("format", "opaque").put("id", "1");
    return claims;
  }

  private static ObjectNode without(ObjectNode claims, String name) {
    claims.remove(name);
    return claims;
  }

  private static Expected expected(
      String issuer, String audience, String subject, Map<String, String> equal) {
    return new Expected(
        issuer,
        Set.of(audience),
        Set.of("", "JWT"),
        Set.of("ES256"),
        subject,
        new ArrayList<>(List.of("email", "preferred_username")),
        equal,
        Set.of(),
        Duration.ofSeconds(30));
  }

  private static long at(long seconds) {
    return NOON.getEpochSecond() + seconds;
  }

  private static String sign(ObjectNode claims) {
    return new JwtSigner(KEY).sign("JWT", claims);
  }

  private static String encoded(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static ECKey key() {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID("1").generate();
    } catch (com.nimbusds.jose.JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  record Row(String name, Expected expected, ObjectNode claims, Code code) {
    @Override
    public String toString() {
      return name;
    }
  }
}
