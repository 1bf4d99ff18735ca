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

/// Deletes a person's sessions at an IBM Verify tenant, by the user id there and never by an
/// address. No password is reset.
public final class VerifySessions implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND =
      "give the receiver's API client the entitlement revokeAllSessions (or manageLoginSessions)";

  private final IdentityProvider.Verify verify;
  private final WireClient client;
  private final InstantSource clock;
  private final ClientCredentials credentials;

  public VerifySessions(IdentityProvider.Verify verify, WireClient client, InstantSource clock) {
    this.verify = verify;
    this.client = client;
    this.clock = clock;
    credentials =
        new ClientCredentials(
            verify.tokenEndpoint(), verify.clientId(), verify.proof(), "", MEND, client, clock);
  }

  @Override
  public String name() {
    return verify.anchor();
  }

  @Override
  public boolean concerns(Person person) {
    return person.anchor().equals(verify.anchor());
  }

  @Override
  public Outcome end(Ending ending) {
    if (!ending.person().hasPlainId()) {
      return new Outcome.Impossible("malformed_id", 0);
    }
    return switch (credentials.access()) {
      case ClientCredentials.Refused(Outcome why) -> why;
      case ClientCredentials.Token held -> delete(ending.person(), held);
    };
  }

  private Outcome delete(Person person, ClientCredentials.Token held) {
    WireClient.Answer answer =
        client.send(
            "DELETE",
            sessions(person),
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

  private URI sessions(Person person) {
    return Addresses.under(verify.tenant(), "/v1.0/auth/sessions/" + person.id());
  }

  @Override
  public List<String> calls(Person person) {
    return List.of(credentials.call(), "DELETE " + sessions(person));
  }

  @Override
  public String limits() {
    return "IBM Verify ends sessions, grants and tokens at once where it is asked; a token that is"
        + " checked only by its signature lives to its exp.";
  }
}
