package dev.countersign.signals.act.http;

import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/// Logs a person out of a Keycloak realm through its admin API: sessions end, and nothing that was
/// issued before is refreshed.
public final class KeycloakSessions implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND =
      "give the receiver's client a service account with the role manage-users of the client"
          + " realm-management";

  private final IdentityProvider.Keycloak keycloak;
  private final WireClient client;
  private final InstantSource clock;
  private final ClientCredentials credentials;

  public KeycloakSessions(
      IdentityProvider.Keycloak keycloak, WireClient client, InstantSource clock) {
    this.keycloak = keycloak;
    this.client = client;
    this.clock = clock;
    credentials =
        new ClientCredentials(
            Addresses.under(
                keycloak.server(),
                "/realms/" + keycloak.realm() + "/protocol/openid-connect/token"),
            keycloak.clientId(),
            keycloak.proof(),
            "",
            MEND,
            client,
            clock);
  }

  @Override
  public String name() {
    return keycloak.anchor();
  }

  @Override
  public boolean concerns(Person person) {
    return person.anchor().equals(keycloak.anchor());
  }

  @Override
  public Outcome end(Ending ending) {
    if (!ending.person().hasPlainId()) {
      return new Outcome.Impossible("malformed_id", 0);
    }
    return switch (credentials.access()) {
      case ClientCredentials.Refused(Outcome why) -> why;
      case ClientCredentials.Token held -> logOut(ending.person(), held);
    };
  }

  private Outcome logOut(Person person, ClientCredentials.Token held) {
    WireClient.Answer answer =
        client.send(
            "POST",
            logout(person),
            Map.of("Authorization", held.bearer(), "Accept", "application/json"),
            null,
            TIMEOUT);
    if (answer.status() == 401) {
      credentials.forget();
    }
    return switch (answer.status()) {
      case 200, 204 -> new Outcome.Ended("ended", answer.status());
      case 404 -> new Outcome.NotFound(404);
      default -> Answers.failed(answer, MEND, clock.instant());
    };
  }

  private URI logout(Person person) {
    return Addresses.under(
        keycloak.server(),
        "/admin/realms/" + keycloak.realm() + "/users/" + person.id() + "/logout");
  }

  @Override
  public List<String> calls(Person person) {
    return List.of(credentials.call(), "POST " + logout(person));
  }

  @Override
  public String limits() {
    return "Keycloak ends the realm's sessions at once. Access tokens that are out live to their exp"
        + " wherever nobody introspects them.";
  }
}
