package dev.countersign.idp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class EntraRevocationTest {
  private static final String API_SCOPE = "api://refunds/refunds.use openid profile offline_access";
  private static final String GRAPH_DEFAULT = "https://graph.microsoft.com/.default";

  private static final EntraShapedIdp IDP =
      EntraShapedIdp.start(People.entra(), InstantSource.system());

  private final String tenant = IDP.baseUri() + "/" + People.TENANT;
  private final AppUnderTest app = new AppUnderTest(tenant + "/oauth2/v2.0", People.ENTRA_CLIENT);

  @AfterAll
  static void stop() {
    IDP.close();
  }

  @BeforeEach
  void endWhatEarlierTestsOpened() {
    revoke(adminToken(), People.MAYA.id());
    revoke(adminToken(), People.TOMAS.id());
  }

  private WireClient.Answer daemonToken(String id, Secret secret, String scope) {
    return app.token(
        Map.of(
            "grant_type",
            "client_credentials",
            "client_id",
            id,
            "client_secret",
            secret.reveal(),
            "scope",
            scope));
  }

  private String adminToken() {
    return AppUnderTest.json(daemonToken(People.ADMIN_APP, People.ADMIN_SECRET, GRAPH_DEFAULT))
        .path("access_token")
        .stringValue();
  }

  private WireClient.Answer revoke(String token, String key) {
    var headers = new HashMap<String, String>();
    if (!token.isEmpty()) {
      headers.put("Authorization", "Bearer " + token);
    }
    return AppUnderTest.WIRE.send(
        "POST",
        URI.create(
            IDP.baseUri()
                + "/graph/v1.0/users/"
                + URLEncoder.encode(key, StandardCharsets.UTF_8)
                + "/revokeSignInSessions"),
        headers,
        null,
        AppUnderTest.TIMEOUT);
  }

  private JsonNode overview(Person person) {
    for (JsonNode entry :
        AppUnderTest.json(AppUnderTest.get(IDP.baseUri() + "/dev/sessions", Map.of()))
            .path("people")) {
      if (entry.path("id").stringValue().equals(person.id())) {
        return entry;
      }
    }
    throw new AssertionError("not listed");
  }

  @Test
  void E19_endsBrowserSessionsAndRefreshTokensAndLeavesAccessTokensToTheirEnd() {
    ObjectNode tokens = app.tokens(People.MAYA, API_SCOPE);
    String code = app.code(People.MAYA, API_SCOPE);
    assertThat(overview(People.MAYA).path("browser_sessions").intValue()).isEqualTo(1);
    assertThat(overview(People.MAYA).path("refresh_tokens").intValue()).isEqualTo(1);

    WireClient.Answer answer = revoke(adminToken(), People.MAYA.id());

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text())
        .isEqualTo(
            "{\"@odata.context\":\""
                + IDP.baseUri()
                + "/graph/v1.0/$metadata#Edm.Boolean\",\"value\":true}");
    assertThat(overview(People.MAYA).path("browser_sessions").intValue()).isZero();
    assertThat(overview(People.MAYA).path("refresh_tokens").intValue()).isZero();
    assertThat(overview(People.MAYA).has("sessions_valid_from")).isTrue();
    ObjectNode refused = AppUnderTest.json(app.refresh(tokens.path("refresh_token").stringValue()));
    assertThat(refused.path("error").stringValue()).isEqualTo("invalid_grant");
    assertThat(refused.path("error_codes").get(0).intValue()).isEqualTo(50173);
    assertThat(app.redeem(code).status()).isEqualTo(400);
    assertThat(app.browser.open(app.authorize(app.request(API_SCOPE))).status()).isEqualTo(200);
    assertThat(
            AppUnderTest.verify(
                tokens.path("access_token").stringValue(),
                tenant + "/v2.0",
                People.REFUNDS_API,
                "JWT",
                tenant + "/discovery/v2.0/keys",
                InstantSource.system()))
        .isInstanceOf(JwtCheck.Verified.class);
  }

  @Test
  void letsThePersonSignInAgainAfterwards() {
    app.tokens(People.MAYA, API_SCOPE);
    revoke(adminToken(), People.MAYA.username());

    ObjectNode again = app.tokens(People.MAYA, API_SCOPE);

    assertThat(app.refresh(again.path("refresh_token").stringValue()).status()).isEqualTo(200);
  }

  @Test
  void leavesOtherPeopleAlone() {
    ObjectNode tokens = app.tokens(People.TOMAS, API_SCOPE);

    revoke(adminToken(), People.MAYA.id());

    assertThat(app.refresh(tokens.path("refresh_token").stringValue()).status()).isEqualTo(200);
  }

  @Test
  void E17_E19_answersAlikeForAGuestWhoseSessionsItCannotEnd() {
    ObjectNode tokens = app.tokens(People.GUEST, API_SCOPE);

    assertThat(revoke(adminToken(), "ida@partner.example").status()).isEqualTo(404);
    assertThat(revoke(adminToken(), People.GUEST.username()).status()).isEqualTo(200);
    assertThat(app.refresh(tokens.path("refresh_token").stringValue()).status()).isEqualTo(200);
  }

  @Test
  void refusesWithoutATokenWithAForeignOneAndWithoutTheRole() {
    String weak =
        AppUnderTest.json(daemonToken(People.WEAK_APP, People.WEAK_SECRET, GRAPH_DEFAULT))
            .path("access_token")
            .stringValue();
    ObjectNode tokens = app.tokens(People.MAYA, API_SCOPE);

    WireClient.Answer none = revoke("", People.MAYA.id());
    WireClient.Answer foreign = revoke(tokens.path("access_token").stringValue(), People.MAYA.id());
    WireClient.Answer roleless = revoke(weak, People.MAYA.id());
    WireClient.Answer forged = revoke(adminToken() + "A", People.MAYA.id());
    WireClient.Answer unknown = revoke(adminToken(), "0b7e4a11-52c3-4d7e-8a10-6f6d2c9b7999");

    assertThat(none.status()).isEqualTo(401);
    assertThat(none.header("WWW-Authenticate")).isPresent();
    assertThat(foreign.status()).isEqualTo(401);
    assertThat(forged.status()).isEqualTo(401);
    assertThat(AppUnderTest.json(foreign).path("error").path("code").stringValue())
        .isEqualTo("InvalidAuthenticationToken");
    assertThat(roleless.status()).isEqualTo(403);
    assertThat(AppUnderTest.json(roleless).path("error").path("code").stringValue())
        .isEqualTo("Authorization_RequestDenied");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(AppUnderTest.json(unknown).path("error").path("code").stringValue())
        .isEqualTo("Request_ResourceNotFound");
    assertThat(AppUnderTest.json(unknown).path("error").path("innerError").propertyNames())
        .containsExactly("date", "request-id", "client-request-id");
    assertThat(app.refresh(tokens.path("refresh_token").stringValue()).status()).isEqualTo(200);
  }

  @Test
  void refusesAPersonsGraphTokenForLackOfTheRole() {
    String token = app.tokens(People.MAYA, "User.Read openid").path("access_token").stringValue();

    assertThat(revoke(token, People.TOMAS.id()).status()).isEqualTo(403);
  }

  @Test
  void E22_refusesADaemonWithAWrongSecretOrAnythingButTheDefaultScope() {
    ObjectNode wrong =
        AppUnderTest.json(
            daemonToken(People.ADMIN_APP, new Secret("not the secret at all"), GRAPH_DEFAULT));
    ObjectNode scope =
        AppUnderTest.json(
            daemonToken(
                People.ADMIN_APP, People.ADMIN_SECRET, "https://graph.microsoft.com/User.Read"));

    assertThat(wrong.path("error_codes").get(0).intValue()).isEqualTo(7000215);
    assertThat(wrong.path("error").stringValue()).isEqualTo("invalid_client");
    assertThat(scope.path("error_codes").get(0).intValue()).isEqualTo(1002012);
  }

  @Test
  void showsDevelopmentPagesOnlyUnderItsOwnAddress() throws IOException {
    assertThat(overview(People.MAYA).path("browser_sessions").intValue()).isZero();
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), IDP.baseUri().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /dev/sessions HTTP/1.1\r\nHost: rebound.example\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      var status = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
      assertThat(status).isEqualTo("HTTP/1.1 400");
    }
  }
}
