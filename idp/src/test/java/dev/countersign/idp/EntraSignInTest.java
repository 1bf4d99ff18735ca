package dev.countersign.idp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.Listener;
import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class EntraSignInTest {
  private static final String API_SCOPE = "api://refunds/refunds.use openid profile offline_access";

  private static final MovableClock CLOCK = new MovableClock();
  private static final EntraShapedIdp IDP = EntraShapedIdp.start(People.entra(), CLOCK);

  private final String tenant = IDP.baseUri() + "/" + People.TENANT;
  private final AppUnderTest app = new AppUnderTest(tenant + "/oauth2/v2.0", People.ENTRA_CLIENT);

  @AfterAll
  static void stop() {
    IDP.close();
  }

  private JwtCheck verify(String token, String audience) {
    return AppUnderTest.verify(
        token, tenant + "/v2.0", audience, "JWT", tenant + "/discovery/v2.0/keys", CLOCK);
  }

  @Test
  void signsInAndIssuesAVersion2TokenThatVerifies() {
    Map<String, String> redirect = app.signIn(People.MAYA, API_SCOPE);
    ObjectNode answer = AppUnderTest.json(app.redeem(AppUnderTest.code(redirect)));
    String token = answer.path("access_token").stringValue();

    assertThat(redirect).containsEntry("state", "the-state").containsEntry("iss", tenant + "/v2.0");
    assertThat(answer.path("token_type").stringValue()).isEqualTo("Bearer");
    assertThat(answer.path("scope").stringValue())
        .isEqualTo("api://refunds/refunds.use openid profile");
    assertThat(verify(token, People.REFUNDS_API)).isInstanceOf(JwtCheck.Verified.class);
    ObjectNode header = AppUnderTest.header(token);
    assertThat(header.propertyNames()).containsExactly("typ", "alg", "kid");
    ObjectNode claims = AppUnderTest.claims(token);
    assertThat(claims.path("ver").stringValue()).isEqualTo("2.0");
    assertThat(claims.path("aud").stringValue()).isEqualTo(People.REFUNDS_API);
    assertThat(claims.path("azp").stringValue()).isEqualTo(People.ENTRA_CLIENT);
    assertThat(claims.path("azpacr").stringValue()).isEqualTo("0");
    assertThat(claims.path("scp").stringValue()).isEqualTo("refunds.use");
    assertThat(claims.path("oid").stringValue()).isEqualTo(People.MAYA.id());
    assertThat(claims.path("tid").stringValue()).isEqualTo(People.TENANT);
    assertThat(claims.path("preferred_username").stringValue()).isEqualTo(People.MAYA.username());
    assertThat(claims.path("email").stringValue()).isEqualTo(People.MAYA.mail());
    assertThat(claims.path("nbf")).isEqualTo(claims.path("iat"));
    assertThat(claims.propertyNames()).contains("uti", "rh", "sub", "exp").doesNotContain("jti");
  }

  @Test
  void issuesAnIdTokenForTheClientWithItsNonce() {
    ObjectNode answer = app.tokens(People.MAYA, API_SCOPE);
    String token = answer.path("id_token").stringValue();

    assertThat(verify(token, People.ENTRA_CLIENT)).isInstanceOf(JwtCheck.Verified.class);
    assertThat(AppUnderTest.claims(token).path("nonce").stringValue()).isEqualTo("the-nonce");
  }

  @Test
  void namesAPersonDifferentlyToEachApplication() {
    ObjectNode answer = app.tokens(People.MAYA, API_SCOPE);

    ObjectNode access = AppUnderTest.claims(answer.path("access_token").stringValue());
    ObjectNode id = AppUnderTest.claims(answer.path("id_token").stringValue());
    assertThat(access.path("sub")).isNotEqualTo(id.path("sub"));
    assertThat(access.path("oid")).isEqualTo(id.path("oid"));
  }

  @Test
  void leavesTheEmailOutForAPersonWithoutOne() {
    ObjectNode answer = app.tokens(People.TOMAS, API_SCOPE);

    assertThat(AppUnderTest.claims(answer.path("access_token").stringValue()).has("email"))
        .isFalse();
  }

  @Test
  void signsInSilentlyWithTheBrowsersSession() {
    app.tokens(People.MAYA, API_SCOPE);

    ScriptedBrowser.Page second = app.browser.open(app.authorize(app.request(API_SCOPE)));

    assertThat(second.status()).isEqualTo(302);
    assertThat(app.redeem(AppUnderTest.code(second.redirectParameters())).status()).isEqualTo(200);
  }

  @Test
  void showsTheFormAgainWhenTheClientWantsAFreshSignIn() {
    app.tokens(People.MAYA, API_SCOPE);
    Map<String, String> login = app.request(API_SCOPE);
    login.put("prompt", "login");
    Map<String, String> recent = app.request(API_SCOPE);
    recent.put("max_age", "60");
    CLOCK.move(Duration.ofMinutes(2));

    assertThat(app.browser.open(app.authorize(login)).status()).isEqualTo(200);
    assertThat(app.browser.open(app.authorize(recent)).status()).isEqualTo(200);
  }

  @Test
  void answersLoginRequiredWhenNoPageIsWantedAndNobodyIsSignedIn() {
    Map<String, String> request = app.request(API_SCOPE);
    request.put("prompt", "none");

    assertThat(app.browser.open(app.authorize(request)).redirectParameters())
        .containsEntry("error", "login_required")
        .hasEntrySatisfying("error_description", d -> assertThat(d).startsWith("AADSTS50058"));
  }

  @Test
  void refusesAWrongPasswordAndShowsTheFormAgain() {
    ScriptedBrowser.Page form = app.browser.open(app.authorize(app.request(API_SCOPE)));

    ScriptedBrowser.Page again =
        app.browser.submit(
            form, Map.of("username", People.MAYA.username(), "password", "something else"));

    assertThat(again.status()).isEqualTo(400);
    assertThat(again.html()).contains("incorrect").doesNotContain("something else");
    assertThat(again.html()).contains("Development only").doesNotContain("<script");
  }

  @Test
  void acceptsAFormOnlyFromTheBrowserItWasShownIn() {
    ScriptedBrowser.Page form = app.browser.open(app.authorize(app.request(API_SCOPE)));

    ScriptedBrowser.Page other =
        new ScriptedBrowser()
            .submit(
                form,
                Map.of("username", People.MAYA.username(), "password", People.PASSWORD.reveal()));

    assertThat(other.status()).isEqualTo(400);
    assertThat(other.location()).isEmpty();
  }

  @Test
  void escapesWhatComesFromTheRequest() {
    Map<String, String> request = app.request(API_SCOPE);
    request.put("login_hint", "\"><script>alert(1)</script>");

    assertThat(app.browser.open(app.authorize(request)).html())
        .doesNotContain("<script>")
        .contains("&quot;&gt;&lt;script&gt;");
  }

  @Test
  void refusesAnUnknownRedirectUriWithoutRedirecting() {
    Map<String, String> request = app.request(API_SCOPE);
    request.put("redirect_uri", People.CALLBACK + "/other");

    ScriptedBrowser.Page page = app.browser.open(app.authorize(request));

    assertThat(page.status()).isEqualTo(400);
    assertThat(page.location()).isEmpty();
    assertThat(page.html()).contains("AADSTS50011");
  }

  @Test
  void refusesAMissingOrPlainCodeChallenge() {
    Map<String, String> missing = app.request(API_SCOPE);
    missing.remove("code_challenge");
    Map<String, String> plain = app.request(API_SCOPE);
    plain.put("code_challenge_method", "plain");
    Map<String, String> unnamed = app.request(API_SCOPE);
    unnamed.remove("code_challenge_method");

    for (Map<String, String> request : List.of(missing, plain, unnamed)) {
      assertThat(app.browser.open(app.authorize(request)).redirectParameters())
          .containsEntry("error", "invalid_request")
          .containsEntry("state", "the-state")
          .doesNotContainKey("code");
    }
  }

  @Test
  void refusesAMissingOrWrongCodeVerifier() {
    Map<String, String> missing = app.redemption(app.code(People.MAYA, API_SCOPE));
    missing.remove("code_verifier");
    Map<String, String> wrong = app.redemption(app.code(People.MAYA, API_SCOPE));
    wrong.put("code_verifier", "x".repeat(43));

    assertThat(AppUnderTest.json(app.token(missing)).path("error_codes").get(0).intValue())
        .isEqualTo(900144);
    assertThat(AppUnderTest.json(app.token(wrong)).path("error_codes").get(0).intValue())
        .isEqualTo(501481);
  }

  @Test
  void refusesACodeAtAnotherRedirectUriAndAfterAMinute() {
    Map<String, String> elsewhere = app.redemption(app.code(People.MAYA, API_SCOPE));
    elsewhere.put("redirect_uri", People.SIGNED_OUT);
    String late = app.code(People.MAYA, API_SCOPE);

    assertThat(app.token(elsewhere).status()).isEqualTo(400);
    CLOCK.move(Duration.ofSeconds(61));
    assertThat(AppUnderTest.json(app.redeem(late)).path("error_codes").get(0).intValue())
        .isEqualTo(70008);
  }

  @Test
  void withdrawsEverythingWhenACodeComesTwice() {
    String code = app.code(People.MAYA, API_SCOPE);
    ObjectNode first = AppUnderTest.json(app.redeem(code));

    WireClient.Answer second = app.redeem(code);

    assertThat(AppUnderTest.json(second).path("error_codes").get(0).intValue()).isEqualTo(54005);
    assertThat(app.refresh(first.path("refresh_token").stringValue()).status()).isEqualTo(400);
  }

  @Test
  void rotatesRefreshTokensAndWithdrawsTheFamilyWhenAnOldOneComesBack() {
    String first = app.tokens(People.MAYA, API_SCOPE).path("refresh_token").stringValue();
    ObjectNode refreshed = AppUnderTest.json(app.refresh(first));
    String second = refreshed.path("refresh_token").stringValue();

    assertThat(second).isNotEqualTo(first);
    assertThat(verify(refreshed.path("access_token").stringValue(), People.REFUNDS_API))
        .isInstanceOf(JwtCheck.Verified.class);
    assertThat(app.refresh(first).status()).isEqualTo(400);
    assertThat(AppUnderTest.json(app.refresh(second)).path("error").stringValue())
        .isEqualTo("invalid_grant");
  }

  @Test
  void E1_E2_issuesAGraphTokenThatNobodyElseCanVerify() {
    ObjectNode answer = app.tokens(People.MAYA, "User.Read openid profile");
    String token = answer.path("access_token").stringValue();

    ObjectNode header = AppUnderTest.header(token);
    assertThat(header.propertyNames()).containsExactly("typ", "nonce", "alg", "x5t", "kid");
    assertThat(AppUnderTest.claims(token).path("aud").stringValue())
        .isEqualTo("00000003-0000-0000-c000-000000000000");
    assertThat(
            AppUnderTest.verify(
                token,
                tenant + "/",
                "00000003-0000-0000-c000-000000000000",
                "JWT",
                tenant + "/discovery/keys",
                CLOCK))
        .isEqualTo(new JwtCheck.Rejected("the signature does not verify with a key of the issuer"));
    assertThat(
            AppUnderTest.get(
                    IDP.baseUri() + "/graph/oidc/userinfo",
                    Map.of("Authorization", "Bearer " + token))
                .status())
        .isEqualTo(200);
  }

  @Test
  void E3_E6_issuesAVersion1TokenWhereTheApiAcceptsThat() {
    ObjectNode answer = app.tokens(People.MAYA, "api://legacy/legacy.use openid");
    String token = answer.path("access_token").stringValue();

    assertThat(
            AppUnderTest.verify(
                token, tenant + "/", "api://legacy", "JWT", tenant + "/discovery/keys", CLOCK))
        .isInstanceOf(JwtCheck.Verified.class);
    ObjectNode header = AppUnderTest.header(token);
    assertThat(header.path("x5t")).isEqualTo(header.path("kid"));
    ObjectNode claims = AppUnderTest.claims(token);
    assertThat(claims.path("ver").stringValue()).isEqualTo("1.0");
    assertThat(claims.path("appid").stringValue()).isEqualTo(People.ENTRA_CLIENT);
    assertThat(claims.path("upn").stringValue()).isEqualTo(People.MAYA.username());
    assertThat(claims.has("azp")).isFalse();
    assertThat(claims.has("preferred_username")).isFalse();
  }

  @Test
  void E8_refusesScopesOfTwoResources() {
    String both = "api://refunds/refunds.use https://graph.microsoft.com/User.Read";
    Map<String, String> form = app.redemption(app.code(People.MAYA, API_SCOPE));
    form.put("scope", both);

    ObjectNode error = AppUnderTest.json(app.token(form));

    assertThat(error.propertyNames())
        .containsExactly(
            "error",
            "error_description",
            "error_codes",
            "timestamp",
            "trace_id",
            "correlation_id",
            "error_uri");
    assertThat(error.path("error_codes").get(0).intValue()).isEqualTo(700022);
    assertThat(app.browser.open(app.authorize(app.request(both))).redirectParameters())
        .containsEntry("error", "invalid_request");
  }

  @Test
  void E9_refusesAnUnknownResourceAndAnUnknownScope() {
    assertThat(
            app.browser
                .open(app.authorize(app.request("api://nothing/use")))
                .redirectParameters()
                .get("error_description"))
        .startsWith("AADSTS500011");
    assertThat(
            app.browser
                .open(app.authorize(app.request("api://refunds/everything")))
                .redirectParameters()
                .get("error_description"))
        .startsWith("AADSTS65005");
  }

  @Test
  void E12_refusesASecretFromAPublicClient() {
    Map<String, String> form = app.redemption(app.code(People.MAYA, API_SCOPE));
    form.put("client_secret", "whatever");

    assertThat(AppUnderTest.json(app.token(form)).path("error_codes").get(0).intValue())
        .isEqualTo(700025);
  }

  @Test
  void publishesDiscoveryForBothVersions() {
    ObjectNode v2 =
        AppUnderTest.json(
            AppUnderTest.get(tenant + "/v2.0/.well-known/openid-configuration", Map.of()));
    ObjectNode v1 =
        AppUnderTest.json(AppUnderTest.get(tenant + "/.well-known/openid-configuration", Map.of()));

    assertThat(v2.path("issuer").stringValue()).isEqualTo(tenant + "/v2.0");
    assertThat(v2.path("jwks_uri").stringValue()).isEqualTo(tenant + "/discovery/v2.0/keys");
    assertThat(v1.path("issuer").stringValue()).isEqualTo(tenant + "/");
    ObjectNode key =
        (ObjectNode)
            AppUnderTest.json(AppUnderTest.get(tenant + "/discovery/v2.0/keys", Map.of()))
                .path("keys")
                .get(0);
    assertThat(key.propertyNames()).contains("kid", "x5t", "x5c", "issuer").doesNotContain("alg");
  }

  @Test
  void keepsTokensOfARotatedKeyValidUntilItIsWithdrawn() {
    String token = app.tokens(People.MAYA, API_SCOPE).path("access_token").stringValue();
    URI rotate = URI.create(IDP.baseUri() + "/dev/keys/rotate");
    Map<String, String> guard = Map.of("X-Development-Admin", "yes");

    assertThat(
            AppUnderTest.WIRE.send("POST", rotate, Map.of(), null, AppUnderTest.TIMEOUT).status())
        .isEqualTo(400);
    assertThat(AppUnderTest.WIRE.send("POST", rotate, guard, null, AppUnderTest.TIMEOUT).status())
        .isEqualTo(204);
    String newer = app.tokens(People.MAYA, API_SCOPE).path("access_token").stringValue();
    assertThat(AppUnderTest.header(newer).path("kid"))
        .isNotEqualTo(AppUnderTest.header(token).path("kid"));
    assertThat(verify(token, People.REFUNDS_API)).isInstanceOf(JwtCheck.Verified.class);
    assertThat(verify(newer, People.REFUNDS_API)).isInstanceOf(JwtCheck.Verified.class);

    AppUnderTest.WIRE.send(
        "POST", URI.create(rotate + "?withdraw=true"), guard, null, AppUnderTest.TIMEOUT);
    assertThat(verify(newer, People.REFUNDS_API)).isInstanceOf(JwtCheck.Rejected.class);
  }

  @Test
  void signsOutAndReturnsOnlyToARegisteredAddress() {
    app.tokens(People.MAYA, API_SCOPE);
    String logout = tenant + "/oauth2/v2.0/logout?post_logout_redirect_uri=";

    ScriptedBrowser.Page elsewhere = app.browser.open(URI.create(logout + "http://evil.example"));
    ScriptedBrowser.Page back = app.browser.open(URI.create(logout + People.SIGNED_OUT));

    assertThat(elsewhere.location()).isEmpty();
    assertThat(back.location()).isEqualTo(People.SIGNED_OUT);
    assertThat(app.browser.open(app.authorize(app.request(API_SCOPE))).status()).isEqualTo(200);
  }

  @Test
  void refusesToListenOffLoopbackEvenWithTls() {
    var files = new Listener.Tls(Path.of("certificate.pem"), Path.of("key.pem"));
    EntraIdpConfig good = People.entra();

    assertThatThrownBy(() ->
            EntraIdpConfig.of(
                new Listener("0.0.0.0", 0, Optional.of(files)),
                good.tenantId(),
                good.people(),
                good.clients(),
                good.apis(),
                good.daemons()))
        .hasMessageContaining("loopback only");
    assertThatThrownBy(() -> new Person("a", new Secret("short"), "b", "c", null, null, false))
        .hasMessageContaining("password");
  }
}
