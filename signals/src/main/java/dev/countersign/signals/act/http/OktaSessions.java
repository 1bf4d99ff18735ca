package dev.countersign.signals.act.http;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.ClientProof;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig.IdentityProvider;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Ends a person's sessions at Okta, with the refresh and access tokens that Okta can revoke; with
/// Universal Logout also at the applications that take it.
public final class OktaSessions implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND =
      "give the receiver an API token of an administrator who may end users' sessions, or an API"
          + " service app with the scopes okta.users.manage and okta.universalLogout.manage";
  private static final String SCOPE = "okta.users.manage";
  private static final String BOTH_SCOPES = SCOPE + " okta.universalLogout.manage";

  private final IdentityProvider.Okta okta;
  private final WireClient client;
  private final InstantSource clock;
  private final @Nullable ClientCredentials credentials;

  public OktaSessions(IdentityProvider.Okta okta, WireClient client, InstantSource clock) {
    this.okta = okta;
    this.client = client;
    this.clock = clock;
    credentials =
        switch (okta.access()) {
          case IdentityProvider.OktaAccess.ApiToken _ -> null;
          case IdentityProvider.OktaAccess.Service(String clientId, ClientProof.Key key) ->
              new ClientCredentials(
                  Addresses.under(okta.organization(), "/oauth2/v1/token"),
                  clientId,
                  key,
                  okta.universalLogout() ? BOTH_SCOPES : SCOPE,
                  MEND,
                  client,
                  clock);
        };
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
  public Outcome end(Ending ending) {
    if (!ending.person().hasPlainId()) {
      return new Outcome.Impossible("malformed_id", 0);
    }
    ClientCredentials own = credentials;
    if (own == null) {
      return okta.access() instanceof IdentityProvider.OktaAccess.ApiToken(Secret token)
          ? end(ending.person(), "SSWS " + token.reveal())
          : new Outcome.Impossible("no_credential", 0);
    }
    return switch (own.access()) {
      case ClientCredentials.Refused(Outcome why) -> why;
      case ClientCredentials.Token held -> end(ending.person(), held.bearer());
    };
  }

  private Outcome end(Person person, String authorization) {
    WireClient.Answer answer = call("DELETE", sessions(person), authorization, Optional.empty());
    return switch (answer.status()) {
      case 200, 204 ->
          okta.universalLogout()
              ? logOut(person, authorization)
              : new Outcome.Ended("ended", answer.status());
      case 404 -> new Outcome.NotFound(404);
      default -> Answers.failed(answer, MEND, clock.instant());
    };
  }

  private Outcome logOut(Person person, String authorization) {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id").put("format", "opaque").put("id", person.id());
    WireClient.Answer answer =
        call("POST", globalRevocation(), authorization, Optional.of(StrictJson.write(body)));
    return switch (answer.status()) {
      case 200, 202, 204 -> new Outcome.Ended("ended, logged out everywhere", answer.status());
      case 404 -> new Outcome.NotFound(404);
      default -> Answers.failed(answer, MEND, clock.instant());
    };
  }

  private WireClient.Answer call(
      String method, URI address, String authorization, Optional<String> body) {
    var headers = new HashMap<String, String>();
    headers.put("Authorization", authorization);
    headers.put("Accept", "application/json");
    body.ifPresent(_ -> headers.put("Content-Type", "application/json"));
    WireClient.Answer answer =
        client.send(method, address, Map.copyOf(headers), body.orElse(null), TIMEOUT);
    ClientCredentials own = credentials;
    if (answer.status() == 401 && own != null) {
      own.forget();
    }
    return answer;
  }

  private URI sessions(Person person) {
    return Addresses.under(
        okta.organization(), "/api/v1/users/" + person.id() + "/sessions?oauthTokens=true");
  }

  private URI globalRevocation() {
    return Addresses.under(okta.organization(), "/oauth2/v1/global-token-revocation");
  }

  @Override
  public List<String> calls(Person person) {
    var calls = new ArrayList<String>();
    ClientCredentials own = credentials;
    if (own != null) {
      calls.add(own.call());
    }
    calls.add("DELETE " + sessions(person));
    if (okta.universalLogout()) {
      calls.add("POST " + globalRevocation() + " for " + person.id());
    }
    return calls;
  }

  @Override
  public String limits() {
    return "Okta ends its sessions and revokes its refresh and access tokens. A resource that checks"
        + " access tokens only by their signature takes them to their exp.";
  }
}
