package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.util.Base64URL;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// What is refused as a subject token. Each refusal is one ledger entry and no token.
class SubjectTokenTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "None", "nOnE", "HS256", "ES256", "PS256"})
  void A01_refusesAnyAlgorithmButTheAnchors(String algorithm) {
    String claims = StrictJson.write(WORLD.oktaClaims(WORLD.person()));

    String signed =
        ForeignIssuer.raw(
            "{\"alg\":\"" + algorithm + "\",\"typ\":\"JWT\",\"kid\":\"idp-1\"}",
            claims,
            WORLD.okta.key);

    assertRefused(signed);
    assertRefused(signed.substring(0, signed.lastIndexOf('.') + 1));
  }

  @Test
  void A02_refusesAnHmacWithThePublicKeyAsSecret() throws JOSEException {
    var header = new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("idp-1").build();
    String input =
        header.toBase64URL()
            + "."
            + Base64URL.encode(StrictJson.write(WORLD.oktaClaims(WORLD.person())));
    byte[] publicKey = WORLD.okta.key.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8);
    String token =
        input
            + "."
            + new MACSigner(publicKey).sign(header, input.getBytes(StandardCharsets.US_ASCII));

    assertRefused(token);
  }

  @Test
  void A05_refusesATokenOfOneIssuerSignedByTheOther() {
    assertRefused(ForeignIssuer.sign(WORLD.oktaClaims(WORLD.person()), "JWT", WORLD.entra.key));
  }

  @Test
  void A04_A05_refusesAnUnknownKey() {
    assertRefused(
        ForeignIssuer.sign(WORLD.oktaClaims(WORLD.person()), "JWT", ForeignIssuer.STRANGERS_KEY));
    for (String kid : List.of("../../dev/null", "' OR 1=1--", "x".repeat(10_000))) {
      assertRefused(
          ForeignIssuer.raw(
              StrictJson.write(
                  StrictJson.object().put("alg", "RS256").put("typ", "JWT").put("kid", kid)),
              StrictJson.write(WORLD.oktaClaims(WORLD.person())),
              WORLD.okta.key));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jwk", "x5c", "jku", "x5u"})
  void A06_A07_usesNoKeyThatTheTokenBringsAndAsksNobodyForOne(String header) throws IOException {
    var attacker = ForeignIssuer.STRANGERS_KEY;
    ObjectNode headers =
        StrictJson.object().put("alg", "RS256").put("typ", "JWT").put("kid", "idp-1");
    try (var elsewhere = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      switch (header) {
        case "jwk" -> headers.set("jwk", StrictJson.parse(attacker.toPublicJWK().toJSONString()));
        case "x5c" -> headers.putArray("x5c").add("MIIB");
        default -> headers.put(header, "http://127.0.0.1:" + elsewhere.getLocalPort() + "/keys");
      }

      assertRefused(
          ForeignIssuer.raw(
              StrictJson.write(headers),
              StrictJson.write(WORLD.oktaClaims(WORLD.person())),
              attacker));

      // Whoever had asked would wait in the queue of the socket.
      elsewhere.setSoTimeout(1);
      assertThatThrownBy(elsewhere::accept).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void A08_refusesCritAndB64() {
    String claims = StrictJson.write(WORLD.oktaClaims(WORLD.person()));
    for (String extra : List.of("\"crit\":[\"x\"]", "\"crit\":[]", "\"b64\":false")) {
      assertRefused(
          ForeignIssuer.raw(
              "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"idp-1\"," + extra + "}",
              claims,
              WORLD.okta.key));
    }
  }

  @Test
  void A09_refusesAClaimTwice() {
    String claims = StrictJson.write(WORLD.oktaClaims(WORLD.person()));
    assertRefused(
        ForeignIssuer.raw(
            "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"idp-1\"}",
            claims.replace("\"uid\":", "\"uid\":\"00uvictim\",\"uid\":"),
            WORLD.okta.key));
  }

  @Test
  void A10_refusesEveryOtherSpellingOfAGoodToken() {
    String token = WORLD.token(WORLD.person());
    String[] parts = token.split("\\.", -1);
    List<String> spellings =
        List.of(
            token + "=",
            token + " ",
            " " + token,
            token + ".",
            parts[0] + "=." + parts[1] + "." + parts[2],
            token + "." + parts[2],
            parts[0] + "." + parts[1],
            parts[0] + "..." + parts[2],
            flippedUnusedBits(token),
            "{\"payload\":\""
                + parts[1]
                + "\",\"protected\":\""
                + parts[0]
                + "\",\"signature\":\""
                + parts[2]
                + "\"}");
    for (String spelling : spellings) {
      assertRefused(spelling);
    }
  }

  private static String flippedUnusedBits(String token) {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 256 bytes of signature leave four unused bits in the last character.
    int last = alphabet.indexOf(token.charAt(token.length() - 1));
    return token.substring(0, token.length() - 1) + alphabet.charAt(last ^ 1);
  }

  @Test
  void A11_A12_refusesTimesThatAreWrong() {
    long now = World.NOON.getEpochSecond();
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("exp", now - 31)));
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("exp", "tomorrow")));
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("exp", now + 60.5)));
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("nbf", now + 300)));
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("iat", now + 300)));
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("auth_time", "now")));
    ObjectNode endless = WORLD.oktaClaims(WORLD.person());
    endless.remove("exp");
    assertRefused(WORLD.okta.sign(endless));
  }

  @Test
  void A12_aTokenWithinTheLeewayStillGetsNoTokenThatHasNoLife() {
    long now = World.NOON.getEpochSecond();

    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("exp", now - 5)));
  }

  @Test
  void A13_takesOneExactAudienceOnly() {
    for (String audience :
        List.of("api://refunds/", "API://refunds", "api://refund", "00000003-0000-0000-c000")) {
      assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("aud", audience)));
    }
    ObjectNode two = WORLD.oktaClaims(WORLD.person());
    two.putArray("aud").add("api://refunds").add("https://graph.microsoft.com");
    assertRefused(WORLD.okta.sign(two));
    ObjectNode none = WORLD.oktaClaims(WORLD.person());
    none.putArray("aud");
    assertRefused(WORLD.okta.sign(none));
  }

  @Test
  void A14_refusesAGraphTokenAndAnIdTokensType() {
    ObjectNode graph =
        WORLD.entraClaims("oid-1").put("aud", "00000003-0000-0000-c000-000000000000");
    assertRefused(WORLD.entra.sign(graph), World.ENTRA_TYPE);
    assertRefused(
        ForeignIssuer.sign(WORLD.oktaClaims(WORLD.person()), "id_token+jwt", WORLD.okta.key));
  }

  @Test
  void A19_refusesAnotherTenantOrAV1Token() {
    assertRefused(
        WORLD.entra.sign(WORLD.entraClaims("oid-1").put("tid", "another-tenant")),
        World.ENTRA_TYPE);
    assertRefused(WORLD.entra.sign(WORLD.entraClaims("oid-1").put("ver", "1.0")), World.ENTRA_TYPE);
    ObjectNode without = WORLD.entraClaims("oid-1");
    without.remove("tid");
    assertRefused(WORLD.entra.sign(without), World.ENTRA_TYPE);
  }

  // All tenants of Entra sign with the same keys, so the signature tells nothing.
  @Test
  void A19_refusesAnotherTenantsTokenThatTheSameKeysSigned() {
    String other = "99999999-2222-3333-4444-555555555555";
    String issuer = WORLD.entra.issuer();
    for (String iss :
        List.of(
            "https://login.microsoftonline.com/" + other + "/v2.0",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            "https://login.microsoftonline.com/common/v2.0",
            issuer + "/",
            "")) {
      String consistent =
          WORLD.entra.sign(WORLD.entraClaims("oid-1").put("iss", iss).put("tid", other));
      String halfway = WORLD.entra.sign(WORLD.entraClaims("oid-1").put("iss", iss));

      for (String type : List.of(World.ENTRA_TYPE, TokenTypes.JWT_URN)) {
        assertRefused(consistent, type);
        assertRefused(halfway, type);
      }
    }
    ObjectNode list = WORLD.entraClaims("oid-1");
    list.putArray("tid").add(World.TENANT).add(other);
    assertRefused(WORLD.entra.sign(list), World.ENTRA_TYPE);
    assertRefused(
        WORLD.entra.sign(
            WORLD.entraClaims("oid-1").put("tid", World.TENANT.toUpperCase(Locale.ROOT) + " ")),
        World.ENTRA_TYPE);
  }

  @Test
  void A17_refusesNamesThatHideSomething() {
    for (String id :
        List.of(
            "",
            "a".repeat(256),
            "a".repeat(10_240),
            "lena\u202eanel",
            "le\u200bna",
            "le\u0085na",
            "lena ",
            "le\u2028na",
            "\ue000")) {
      assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("uid", id)));
    }
    ObjectNode without = WORLD.oktaClaims(WORLD.person());
    without.remove("uid");
    assertRefused(WORLD.okta.sign(without));
    assertRefused(WORLD.okta.sign(WORLD.oktaClaims(WORLD.person()).put("uid", 7)));
  }

  @Test
  void A18_samePersonNameAtTwoProvidersAreTwoPeople() {
    String name = "same-" + ForeignIssuer.id();
    Person person = new Person("okta|" + name, name, name + "@fabrikam.example");
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));

    String sub = World.claims(WORLD.post(form).text("access_token")).path("sub").stringValue();

    assertThat(sub).isEqualTo("okta|" + name).isNotEqualTo("entra|" + name);
  }

  @Test
  void C02_mayActBindsWhereItIsPresent() {
    ObjectNode text = WORLD.oktaClaims(WORLD.person());
    text.putObject("may_act").put("sub", "another-agent");
    assertRefused(WORLD.okta.sign(text));
    ObjectNode list = WORLD.oktaClaims(WORLD.person());
    list.putArray("may_act").add("another-agent").addObject().put("sub", "gateway").put("x", 1);
    assertRefused(WORLD.okta.sign(list));

    ObjectNode right = WORLD.oktaClaims(WORLD.person());
    right.putObject("may_act").put("sub", "gateway");
    assertThat(WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(right), World.refund(100))).status())
        .isEqualTo(200);
  }

  /// Every kind of token that we make or take, each at every place where another kind belongs.
  @Test
  void A15_G13_noKindOfTokenPassesForAnother() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String challenge = stepUp.text("access_token");
    String approval = WORLD.approved(person, stepUp);
    String oboToken = WORLD.exchange(WORLD.person(), 100).text("access_token");
    String assertion = WORLD.assertion("gateway");
    ObjectNode set =
        StrictJson.object()
            .put("iss", WORLD.okta.issuer())
            .put("aud", "api://refunds")
            .put("uid", person.id())
            .put("iat", World.NOON.getEpochSecond())
            .put("exp", World.NOON.getEpochSecond() + 600);
    set.putObject("events");
    String event = ForeignIssuer.sign(set, "secevent+jwt", WORLD.okta.key);
    String logout = ForeignIssuer.sign(set, "logout+jwt", WORLD.okta.key);
    String proof = ForeignIssuer.sign(set, "dpop+jwt", WORLD.okta.key);
    Map<String, String> kinds = new LinkedHashMap<>();
    kinds.put("subject token", WORLD.token(person));
    kinds.put("challenge", challenge);
    kinds.put("approval", approval);
    kinds.put("on-behalf-of", oboToken);
    kinds.put("client assertion", assertion);
    kinds.put("event", event);
    kinds.put("logout", logout);
    kinds.put("proof", proof);

    kinds.forEach((kind, token) -> {
      if (!kind.equals("subject token")) {
        assertRefused(token);
      }
      if (!kind.equals("approval")) {
        assertThat(WORLD.post(WORLD.redeemForm(token, World.refund(9_000))).text("error"))
            .as(kind + " as approval")
            .isEqualTo("invalid_grant");
      }
      if (!kind.equals("client assertion")) {
        var form = WORLD.exchangeForm(WORLD.token(person), World.refund(100));
        form.put("client_assertion", token);
        assertThat(WORLD.post(form).text("error"))
            .as(kind + " as client assertion")
            .isEqualTo("invalid_client");
      }
      if (!kind.equals("challenge")) {
        assertThat(
                WORLD
                    .send(
                        "GET",
                        "/v2.0/factors/emailotp/transient/verifications/"
                            + stepUp.text("approval_id"),
                        null,
                        "Authorization",
                        "Bearer " + token)
                    .status())
            .as(kind + " as challenge")
            .isEqualTo(401);
      }
      if (!kind.equals("subject token") && !kind.equals("on-behalf-of")) {
        assertThat(WORLD.userInfo(token).status()).as(kind + " at userinfo").isEqualTo(401);
      }
      assertThat(
              WORLD
                  .send(
                      "DELETE",
                      "/v1.0/auth/sessions/" + World.encode(person.key()),
                      null,
                      PresenterAssertion.HEADER,
                      token)
                  .status())
          .as(kind + " as presenter")
          .isEqualTo(401);
    });
  }

  @Test
  void A15_ourOwnKeyDoesNotMakeASubjectToken() {
    String token =
        new JwtSigner(WORLD.signingKey())
            .sign("JWT", WORLD.oktaClaims(WORLD.person()).put("iss", WORLD.okta.issuer()));

    assertRefused(token);
  }

  @Test
  void C13_ourOwnTokenIsNoSubjectToken() {
    String ours = WORLD.exchange(WORLD.person(), 100).text("access_token");

    assertRefused(ours, TokenTypes.ACCESS_TOKEN_URN);
    assertRefused(ours, World.OKTA_TYPE);
  }

  @Test
  void A21_refusesATokenOfAMegabyteFast() {
    String huge = Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[30_000]);

    assertRefused("e30." + huge + ".AAAA");
  }

  private static void assertRefused(String token) {
    assertRefused(token, World.OKTA_TYPE);
  }

  private static void assertRefused(String token, String type) {
    var form = WORLD.exchangeForm(token, World.refund(100));
    form.put("subject_token_type", type);
    int before = WORLD.ledger.size();

    Answer answer = WORLD.post(form);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_request");
    assertThat(answer.json().has("access_token")).isFalse();
    assertThat(WORLD.ledger).hasSize(before + 1);
    if (token.length() > 20) {
      assertThat(answer.body()).doesNotContain(token.substring(0, 20));
      assertThat(WORLD.ledger.getLast().data().toString()).doesNotContain(token.substring(0, 20));
    }
  }
}
