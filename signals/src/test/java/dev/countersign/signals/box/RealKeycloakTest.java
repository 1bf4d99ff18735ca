package dev.countersign.signals.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.KeycloakServer;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.ClientProof;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler.Outcome;
import dev.countersign.signals.act.http.KeycloakSessions;
import java.net.URI;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// The handler against a real Keycloak: what it ends there, and what it may not.
@Tag("slow")
class RealKeycloakTest {
  private static final String REALM = "kill";
  private static final Secret SECRET = new Secret("the secret of a service account");
  private static final String PASSWORD = "correct horse";
  private static final WireClient WIRE = new WireClient();
  private static KeycloakServer keycloak;
  private static String issuer;

  @BeforeAll
  static void start() {
    keycloak = KeycloakServer.shared();
    ObjectNode realm = StrictJson.object().put("realm", REALM).put("enabled", true);
    var clients = realm.putArray("clients");
    clients.add(serviceClient("receiver"));
    clients.add(serviceClient("no-rights"));
    clients
        .addObject()
        .put("clientId", "console")
        .put("publicClient", true)
        .put("directAccessGrantsEnabled", true);
    var users = realm.putArray("users");
    for (String name : new String[] {"maya", "lena"}) {
      ObjectNode user = users.addObject().put("username", name).put("enabled", true);
      user.put("firstName", name).put("lastName", "Test").put("email", name + "@kill.example");
      user.put("emailVerified", true);
      user.putArray("credentials").addObject().put("type", "password").put("value", PASSWORD);
    }
    ObjectNode account =
        users
            .addObject()
            .put("username", "service-account-receiver")
            .put("enabled", true)
            .put("serviceAccountClientId", "receiver");
    account.putObject("clientRoles").putArray("realm-management").add("manage-users");
    issuer = keycloak.realm(realm);
  }

  private static ObjectNode serviceClient(String id) {
    return StrictJson.object()
        .put("clientId", id)
        .put("secret", SECRET.reveal())
        .put("serviceAccountsEnabled", true)
        .put("standardFlowEnabled", false);
  }

  @Test
  void endsTheSessionsOfOnePersonAndOfNobodyElse() {
    ObjectNode maya = signIn("maya");
    ObjectNode lena = signIn("lena");

    Outcome outcome = end("receiver", SECRET, subject(maya));

    assertThat(outcome).isInstanceOf(Outcome.Ended.class);
    assertThat(refresh(maya).status()).isEqualTo(400);
    assertThat(userInfo(maya).status()).isEqualTo(401);
    assertThat(refresh(lena).status()).isEqualTo(200);
    assertThat(end("receiver", SECRET, subject(maya)))
        .as("doing it twice does no more")
        .isInstanceOf(Outcome.Ended.class);
  }

  @Test
  void aPersonWhomItDoesNotKnowHasNothingToEnd() {
    assertThat(end("receiver", SECRET, "00000000-0000-0000-0000-000000000000"))
        .isInstanceOf(Outcome.NotFound.class);
  }

  @Test
  void J15_withoutTheRightOrTheSecretItFailsSaysWhyAndEndsNothing() {
    ObjectNode lena = signIn("lena");

    assertThat(end("no-rights", SECRET, subject(lena)))
        .isInstanceOfSatisfying(
            Outcome.Failed.class,
            failed -> {
              assertThat(failed.status()).isEqualTo(403);
              assertThat(failed.advice()).contains("manage-users");
            });
    assertThat(end("receiver", new Secret("wrong"), subject(lena)))
        .isInstanceOf(Outcome.Failed.class);
    assertThat(refresh(lena).status()).isEqualTo(200);
  }

  private static Outcome end(String client, Secret secret, String id) {
    var provider =
        new IdentityProvider.Keycloak(
            "keycloak", URI.create(keycloak.base), REALM, client, new ClientProof.Password(secret));
    InstantSource clock = InstantSource.system();
    return new KeycloakSessions(provider, WIRE, clock)
        .end(
            new Ending(
                Person.of("keycloak|" + id),
                "txn",
                "set",
                EventTypes.SESSION_REVOKED,
                clock.instant()));
  }

  private static ObjectNode signIn(String name) {
    WireClient.Answer answer =
        token(
            Map.of(
                "grant_type", "password",
                "client_id", "console",
                "scope", "openid",
                "username", name,
                "password", PASSWORD));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return StrictJson.parseObject(answer.body());
  }

  private static WireClient.Answer refresh(ObjectNode signedIn) {
    return token(
        Map.of(
            "grant_type", "refresh_token",
            "client_id", "console",
            "refresh_token", signedIn.path("refresh_token").stringValue()));
  }

  private static WireClient.Answer token(Map<String, String> form) {
    return WIRE.postForm(
        URI.create(issuer + "/protocol/openid-connect/token"),
        Map.of(),
        form,
        KeycloakServer.PATIENCE);
  }

  private static WireClient.Answer userInfo(ObjectNode signedIn) {
    return WIRE.get(
        URI.create(issuer + "/protocol/openid-connect/userinfo"),
        Map.of("Authorization", "Bearer " + signedIn.path("access_token").stringValue()),
        KeycloakServer.PATIENCE);
  }

  private static String subject(ObjectNode signedIn) {
    String claims = signedIn.path("access_token").stringValue().split("\\.", -1)[1];
    return StrictJson.parseObject(java.util.Base64.getUrlDecoder().decode(claims))
        .path("sub")
        .stringValue();
  }
}
