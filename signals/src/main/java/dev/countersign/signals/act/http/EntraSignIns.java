package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Makes Entra ID forget a person's sign-ins: refresh tokens and session cookies, by the `oid`.
public final class EntraSignIns implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND_CLIENT =
      "see the receiver's client id, and its secret or certificate and their expiry, at Entra";
  private static final String MEND_ROLE =
      "grant the receiver's app the application permission User.RevokeSessions.All with admin"
          + " consent";
  private static final String MEND_READING =
      "checks-guests needs the application permission User.Read.All with admin consent";

  private final IdentityProvider.Entra entra;
  private final WireClient client;
  private final InstantSource clock;
  private final ClientCredentials credentials;

  public EntraSignIns(IdentityProvider.Entra entra, WireClient client, InstantSource clock) {
    this.entra = entra;
    this.client = client;
    this.clock = clock;
    credentials =
        new ClientCredentials(
            entra.tokenEndpoint(),
            entra.clientId(),
            entra.proof(),
            entra.scope(),
            MEND_CLIENT,
            client,
            clock);
  }

  @Override
  public String name() {
    return entra.anchor();
  }

  @Override
  public boolean concerns(Person person) {
    return person.anchor().equals(entra.anchor());
  }

  @Override
  public Outcome end(Ending ending) {
    if (!ending.person().hasPlainId()) {
      return new Outcome.Impossible("malformed_id", 0);
    }
    return switch (credentials.access()) {
      case ClientCredentials.Refused(Outcome why) -> why;
      case ClientCredentials.Token held -> revoke(ending.person(), held);
    };
  }

  private Outcome revoke(Person person, ClientCredentials.Token held) {
    WireClient.Answer answer = call("POST", revocation(person), held);
    return switch (answer.status()) {
      case 200, 202, 204 ->
          entra.checksGuests() ? guest(person, held) : new Outcome.Ended("ended", answer.status());
      case 404 -> new Outcome.NotFound(404);
      default -> Answers.failed(answer, MEND_ROLE, clock.instant());
    };
  }

  /// A guest signs in at another tenant, whose sessions this one cannot end: said, not hidden.
  private Outcome guest(Person person, ClientCredentials.Token held) {
    WireClient.Answer answer = call("GET", user(person), held);
    if (answer.status() != 200) {
      return Answers.failed(answer, MEND_READING, clock.instant());
    }
    try {
      String type = StrictJson.parseObject(answer.body()).path("userType").asString("");
      return type.equals("Guest")
          ? new Outcome.Impossible("guest_of_another_tenant", 200)
          : new Outcome.Ended("ended", 200);
    } catch (MalformedJsonException malformed) {
      return ClientCredentials.unreadable();
    }
  }

  private WireClient.Answer call(String method, URI address, ClientCredentials.Token held) {
    WireClient.Answer answer =
        client.send(
            method,
            address,
            Map.of("Authorization", held.bearer(), "Content-Type", "application/json"),
            null,
            TIMEOUT);
    if (answer.status() == 401) {
      credentials.forget(); // it may have been revoked; the next attempt asks for another
    }
    return answer;
  }

  private URI revocation(Person person) {
    return Addresses.under(entra.graph(), "/v1.0/users/" + person.id() + "/revokeSignInSessions");
  }

  private URI user(Person person) {
    return Addresses.under(entra.graph(), "/v1.0/users/" + person.id() + "?$select=userType");
  }

  @Override
  public List<String> calls(Person person) {
    var calls = new ArrayList<String>();
    calls.add(credentials.call());
    calls.add("POST " + revocation(person));
    if (entra.checksGuests()) {
      calls.add("GET " + user(person));
    }
    return calls;
  }

  @Override
  public String limits() {
    return "Microsoft Graph may take minutes. Access tokens that are out live to their exp. A guest"
        + " stays signed in at the home tenant.";
  }
}
