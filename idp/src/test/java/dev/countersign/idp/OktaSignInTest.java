package dev.countersign.idp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.idp.box.OktaShapedIdp;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class OktaSignInTest {
  private static final String SCOPE = "openid profile email offline_access refunds";

  private static final OktaShapedIdp IDP =
      OktaShapedIdp.start(People.okta(), InstantSource.system());

  private final String issuer = IDP.baseUri() + "/oauth2/default";
  private final AppUnderTest app = new AppUnderTest(issuer + "/v1", People.OKTA_CLIENT);
  private final AppUnderTest orgApp =
      new AppUnderTest(IDP.baseUri() + "/oauth2/v1", People.OKTA_CLIENT);

  @AfterAll
  static void stop() {
    IDP.close();
  }

  @Test
  void signsInAndIssuesATokenOfTheCustomServerThatVerifies() {
    Map<String, String> redirect = app.signIn(People.LENA, SCOPE);
    ObjectNode answer = AppUnderTest.json(app.redeem(AppUnderTest.code(redirect)));
    String token = answer.path("access_token").stringValue();

    assertThat(redirect).containsEntry("state", "the-state").containsEntry("iss", issuer);
    assertThat(answer.path("scope").stringValue()).isEqualTo(SCOPE);
    assertThat(
            AppUnderTest.verify(
                token, issuer, "api://refunds", "", issuer + "/v1/keys", InstantSource.system()))
        .isInstanceOf(JwtCheck.Verified.class);
    assertThat(AppUnderTest.header(token).propertyNames()).containsExactly("kid", "alg");
    ObjectNode claims = AppUnderTest.claims(token);
    assertThat(claims.path("ver").intValue()).isEqualTo(1);
    assertThat(claims.path("jti").stringValue()).startsWith("AT.");
    assertThat(claims.path("cid").stringValue()).isEqualTo(People.OKTA_CLIENT);
    assertThat(claims.path("uid").stringValue()).isEqualTo(People.LENA.id());
    assertThat(claims.path("sub").stringValue()).isEqualTo(People.LENA.username());
    assertThat(claims.path("scp").isArray()).isTrue();
    assertThat(claims.path("scp").size()).isEqualTo(5);
    assertThat(claims.path("auth_time").isIntegralNumber()).isTrue();
    assertThat(claims.path("refund_limit").intValue()).isEqualTo(5_000);
    assertThat(claims.path("email").stringValue()).isEqualTo(People.LENA.mail());
  }

  @Test
  void issuesAnIdTokenWhoseSubjectIsTheUserId() {
    ObjectNode answer = app.tokens(People.LENA, SCOPE);
    String token = answer.path("id_token").stringValue();

    assertThat(
            AppUnderTest.verify(
                token, issuer, People.OKTA_CLIENT, "", issuer + "/v1/keys", InstantSource.system()))
        .isInstanceOf(JwtCheck.Verified.class);
    ObjectNode claims = AppUnderTest.claims(token);
    assertThat(claims.path("sub").stringValue()).isEqualTo(People.LENA.id());
    assertThat(claims.path("nonce").stringValue()).isEqualTo("the-nonce");
    assertThat(claims.path("jti").stringValue()).startsWith("ID.");
  }

  @Test
  void O1_O2_issuesATokenOfTheOrgServerWithoutCustomClaimsThatNobodyElseCanVerify() {
    String token =
        orgApp.tokens(People.LENA, "openid profile email").path("access_token").stringValue();

    ObjectNode claims = AppUnderTest.claims(token);
    assertThat(claims.path("iss").stringValue()).isEqualTo(IDP.baseUri().toString());
    assertThat(claims.has("refund_limit")).isFalse();
    assertThat(claims.has("email")).isFalse();
    assertThat(AppUnderTest.header(token).path("typ").stringValue())
        .isEqualTo("application/okta-internal-at+jwt");
    assertThat(
            AppUnderTest.verify(
                token,
                IDP.baseUri().toString(),
                IDP.baseUri().toString(),
                "okta-internal-at+jwt",
                IDP.baseUri() + "/oauth2/v1/keys",
                InstantSource.system()))
        .isEqualTo(new JwtCheck.Rejected("the signature does not verify with a key of the issuer"));
    assertThat(
            AppUnderTest.get(
                    IDP.baseUri() + "/oauth2/v1/userinfo",
                    Map.of("Authorization", "Bearer " + token))
                .status())
        .isEqualTo(200);
  }

  @Test
  void O3_refusesACustomScopeAtTheOrgServer() {
    assertThat(
            orgApp
                .browser
                .open(orgApp.authorize(orgApp.request("openid refunds")))
                .redirectParameters())
        .containsEntry("error", "invalid_scope")
        .containsEntry("error_description", "Custom scopes are not allowed for this request.");
  }

  @Test
  void O6_refusesTheWholeRequestForOneUnknownScope() {
    assertThat(
            app.browser
                .open(app.authorize(app.request("openid refunds everything")))
                .redirectParameters())
        .containsEntry("error", "invalid_scope")
        .doesNotContainKey("code");
  }

  @Test
  void O7_eachServerHasItsOwnKeysAndDiscovery() {
    ObjectNode custom =
        AppUnderTest.json(AppUnderTest.get(issuer + "/.well-known/openid-configuration", Map.of()));
    ObjectNode org =
        AppUnderTest.json(
            AppUnderTest.get(IDP.baseUri() + "/.well-known/openid-configuration", Map.of()));

    assertThat(custom.path("issuer").stringValue()).isEqualTo(issuer);
    assertThat(org.path("issuer").stringValue()).isEqualTo(IDP.baseUri().toString());
    assertThat(AppUnderTest.get(custom.path("jwks_uri").stringValue(), Map.of()).text())
        .isNotEqualTo(AppUnderTest.get(org.path("jwks_uri").stringValue(), Map.of()).text());
  }

  @Test
  void refusesACodeOfOneServerAtTheOther() {
    String code = app.code(People.LENA, SCOPE);
    Map<String, String> form = app.redemption(code);

    assertThat(orgApp.token(form).status()).isEqualTo(400);
    assertThat(app.token(form).status()).isEqualTo(200);
  }

  @Test
  void O9_refusesMissingProofKeysWithItsOwnWords() {
    Map<String, String> request = app.request(SCOPE);
    request.remove("code_challenge");
    Map<String, String> wrong = app.redemption(app.code(People.LENA, SCOPE));
    wrong.put("code_verifier", "x".repeat(43));

    assertThat(app.browser.open(app.authorize(request)).redirectParameters())
        .containsEntry("error", "invalid_request")
        .hasEntrySatisfying("error_description", d -> assertThat(d).startsWith("PKCE code"));
    assertThat(AppUnderTest.json(app.token(wrong)).path("error_description").stringValue())
        .isEqualTo("PKCE verification failed.");
  }

  @Test
  void refusesAnUnknownClientOrRedirectUriWithoutRedirecting() {
    Map<String, String> address = app.request(SCOPE);
    address.put("redirect_uri", "http://evil.example/");
    Map<String, String> client = app.request(SCOPE);
    client.put("client_id", "0oaunknown");

    for (var request : List.of(address, client)) {
      ScriptedBrowser.Page page = app.browser.open(app.authorize(request));
      assertThat(page.status()).isEqualTo(400);
      assertThat(page.location()).isEmpty();
    }
  }

  @Test
  void rotatesRefreshTokensAndWithdrawsTheFamilyWhenAnOldOneComesBack() {
    String first = app.tokens(People.LENA, SCOPE).path("refresh_token").stringValue();
    ObjectNode refreshed = AppUnderTest.json(app.refresh(first));
    String second = refreshed.path("refresh_token").stringValue();
    assertThat(introspect(refreshed.path("access_token").stringValue())).isTrue();

    assertThat(AppUnderTest.json(app.refresh(first)).path("error_description").stringValue())
        .isEqualTo("The refresh token is invalid or expired.");
    assertThat(app.refresh(second).status()).isEqualTo(400);
    assertThat(introspect(refreshed.path("access_token").stringValue())).isFalse();
  }

  @Test
  void revokesASingleTokenForItsClient() {
    String token = app.tokens(People.LENA, SCOPE).path("access_token").stringValue();

    WireClient.Answer answer =
        app.post("/revoke", Map.of("client_id", People.OKTA_CLIENT, "token", token));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(introspect(token)).isFalse();
  }

  @Test
  void signsOutOnlyForAnIdTokenOfItsOwn() {
    ObjectNode answer = app.tokens(People.LENA, SCOPE);
    String logout = issuer + "/v1/logout?post_logout_redirect_uri=" + People.SIGNED_OUT;

    ScriptedBrowser.Page refused = app.browser.open(URI.create(logout));
    assertThat(refused.status()).isEqualTo(400);
    assertThat(app.browser.open(app.authorize(app.request(SCOPE))).status()).isEqualTo(302);
    ScriptedBrowser.Page done =
        app.browser.open(
            URI.create(logout + "&id_token_hint=" + answer.path("id_token").stringValue()));
    assertThat(done.location()).isEqualTo(People.SIGNED_OUT);
    assertThat(app.browser.open(app.authorize(app.request(SCOPE))).status()).isEqualTo(200);
  }

  private boolean introspect(String token) {
    return AppUnderTest.json(
            app.post("/introspect", Map.of("client_id", People.OKTA_CLIENT, "token", token)))
        .path("active")
        .booleanValue();
  }
}
