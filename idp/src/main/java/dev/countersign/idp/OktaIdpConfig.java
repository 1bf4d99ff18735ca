package dev.countersign.idp;

import dev.countersign.box.Listener;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The Okta-shaped identity provider, valid by construction.
///
/// @param listener on loopback; port 0 takes any free port
/// @param customServer the custom authorization server; the org authorization server is always
///   there
/// @param apiToken the `SSWS` token of the management API
/// @param accessTokenLifetime five minutes to 24 hours at the real one
public record OktaIdpConfig(
    Listener listener,
    List<Person> people,
    List<PublicClient> clients,
    OktaCustomServer customServer,
    Secret apiToken,
    Duration accessTokenLifetime) {

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public OktaIdpConfig {
    people = List.copyOf(people);
    clients = List.copyOf(clients);
    var problems = new ArrayList<String>();
    Loopback.check(listener, problems);
    Directory.check(people, problems);
    Lifetimes.check(accessTokenLifetime, problems);
    if (apiToken.reveal().length() < 16) {
      problems.add("apiToken needs at least 16 characters");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// With access tokens of one hour.
  public static OktaIdpConfig of(
      Listener listener,
      List<Person> people,
      List<PublicClient> clients,
      OktaCustomServer customServer,
      Secret apiToken) {
    return new OktaIdpConfig(
        listener, people, clients, customServer, apiToken, Duration.ofHours(1));
  }

  /// The base URI, known before the start when the port is.
  ///
  /// @throws IllegalStateException for port 0
  public URI baseUri() {
    return Loopback.baseUri(listener);
  }
}
