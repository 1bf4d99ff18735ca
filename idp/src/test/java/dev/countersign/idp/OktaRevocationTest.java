package dev.countersign.idp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.idp.box.OktaShapedIdp;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class OktaRevocationTest {
  private static final String SCOPE = "openid profile email offline_access refunds";

  private static final OktaShapedIdp IDP =
      OktaShapedIdp.start(People.okta(), InstantSource.system());

  private final String issuer = IDP.baseUri() + "/oauth2/default";
  private final AppUnderTest app = new AppUnderTest(issuer + "/v1", People.OKTA_CLIENT);

  @AfterAll
  static void stop() {
    IDP.close();
  }

  private WireClient.Answer endSessions(String authorization, String user, String query) {
    return AppUnderTest.WIRE.send(
        "DELETE",
        URI.create(IDP.baseUri() + "/api/v1/users/" + user + "/sessions" + query),
        Map.of("Authorization", authorization),
        null,
        AppUnderTest.TIMEOUT);
  }

  private static String ssws() {
    return "SSWS " + People.API_TOKEN.reveal();
  }

  private boolean isActive(String token) {
    return AppUnderTest.json(
            app.post("/introspect", Map.of("client_id", People.OKTA_CLIENT, "token", token)))
        .path("active")
        .booleanValue();
  }

  private int userinfo(String token) {
    return AppUnderTest.get(issuer + "/v1/userinfo", Map.of("Authorization", "Bearer " + token))
        .status();
  }

  @Test
  void O11_leavesOAuthTokensAliveByDefault() {
    ObjectNode tokens = app.tokens(People.LENA, SCOPE);

    WireClient.Answer answer = endSessions(ssws(), People.LENA.id(), "");

    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.body()).isEmpty();
    assertThat(app.browser.open(app.authorize(app.request(SCOPE))).status()).isEqualTo(200);
    assertThat(isActive(tokens.path("access_token").stringValue())).isTrue();
    assertThat(app.refresh(tokens.path("refresh_token").stringValue()).status()).isEqualTo(200);
  }

  @Test
  void O11_endsOAuthTokensWhenAsked() {
    ObjectNode tokens = app.tokens(People.LENA, SCOPE);
    ObjectNode others =
        new AppUnderTest(issuer + "/v1", People.OKTA_CLIENT).tokens(People.OMAR, SCOPE);
    String token = tokens.path("access_token").stringValue();
    assertThat(userinfo(token)).isEqualTo(200);

    assertThat(endSessions(ssws(), People.LENA.id(), "?oauthTokens=true").status()).isEqualTo(204);

    assertThat(app.browser.open(app.authorize(app.request(SCOPE))).status()).isEqualTo(200);
    assertThat(app.refresh(tokens.path("refresh_token").stringValue()).status()).isEqualTo(400);
    assertThat(isActive(token)).isFalse();
    assertThat(isActive(tokens.path("refresh_token").stringValue())).isFalse();
    assertThat(userinfo(token)).isEqualTo(401);
    assertThat(
            AppUnderTest.verify(
                token, issuer, "api://refunds", "", issuer + "/v1/keys", InstantSource.system()))
        .isInstanceOf(JwtCheck.Verified.class);
    assertThat(isActive(others.path("access_token").stringValue())).isTrue();
  }

  @Test
  void letsThePersonSignInAgainAfterwards() {
    app.tokens(People.LENA, SCOPE);
    endSessions(ssws(), People.LENA.id(), "?oauthTokens=true");

    ObjectNode again = app.tokens(People.LENA, SCOPE);

    assertThat(userinfo(again.path("access_token").stringValue())).isEqualTo(200);
  }

  @Test
  void refusesAWrongTokenAndAnUnknownUser() {
    ObjectNode tokens = app.tokens(People.LENA, SCOPE);
    String bearer = "Bearer " + tokens.path("access_token").stringValue();

    for (String wrong : new String[] {"SSWS nonsense", bearer, "SSWS "}) {
      WireClient.Answer refused = endSessions(wrong, People.LENA.id(), "?oauthTokens=true");
      assertThat(refused.status()).isEqualTo(401);
      assertThat(AppUnderTest.json(refused).path("errorCode").stringValue()).isEqualTo("E0000011");
    }
    WireClient.Answer unknown = endSessions(ssws(), "00unobody", "?oauthTokens=true");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(AppUnderTest.json(unknown).path("errorCode").stringValue()).isEqualTo("E0000007");
    assertThat(AppUnderTest.json(unknown).propertyNames())
        .containsExactly("errorCode", "errorSummary", "errorLink", "errorId", "errorCauses");
    assertThat(endSessions(ssws(), People.LENA.id(), "?oauthTokens=yes").status()).isEqualTo(400);
    assertThat(isActive(tokens.path("access_token").stringValue())).isTrue();
  }

  @Test
  void doesNotAnswerForATokenOfNobodysOwn() {
    assertThat(isActive("eyJhbGciOiJub25lIn0.e30.AAAA")).isFalse();
    assertThat(userinfo("nonsense")).isEqualTo(401);
  }
}
