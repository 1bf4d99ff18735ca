package dev.countersign.signals.act.http;

import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;

/// Ends a person's sessions at Okta, with the refresh and access tokens that Okta can revoke.
public final class OktaSessions implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND =
      "give the receiver an API token of an administrator who may end users' sessions";

  private final IdentityProvider.Okta okta;
  private final WireClient client;
  private final InstantSource clock;

  public OktaSessions(IdentityProvider.Okta okta, WireClient client, InstantSource clock) {
    this.okta = okta;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public String name() {
    return okta.anchor();
  }

  @Override
  public boolean concerns(Person person) {
    return person.anchor().equals(okta.anchor());
  }

  @Override
  public Outcome end(Person person, String txn) {
    if (!person.hasPlainId()) {
      return new Outcome.Impossible("malformed_id", 0);
    }
    URI address =
        Addresses.under(
            okta.organization(), "/api/v1/users/" + person.id() + "/sessions?oauthTokens=true");
    WireClient.Answer answer =
        client.send(
            "DELETE",
            address,
            Map.of(
                "Authorization", "SSWS " + okta.apiToken().reveal(), "Accept", "application/json"),
            null,
            TIMEOUT);
    return switch (answer.status()) {
      case 200, 204 -> new Outcome.Ended("ended", answer.status());
      case 404 -> new Outcome.NotFound(404);
      default -> Answers.failed(answer, MEND, clock.instant());
    };
  }
}
