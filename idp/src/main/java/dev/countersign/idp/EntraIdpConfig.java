package dev.countersign.idp;

import dev.countersign.box.Listener;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The Entra-shaped identity provider, valid by construction.
///
/// @param listener on loopback; port 0 takes any free port
/// @param tenantId a GUID
/// @param accessTokenLifetime the real one takes 60 to 90 minutes at random
/// @param backdating how long before the moment of issue `iat` and `nbf` are set; the real one is
///   seen to use five minutes
public record EntraIdpConfig(
    Listener listener,
    String tenantId,
    List<Person> people,
    List<PublicClient> clients,
    List<EntraApi> apis,
    List<EntraDaemon> daemons,
    Duration accessTokenLifetime,
    Duration backdating) {
  private static final Pattern GUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public EntraIdpConfig {
    people = List.copyOf(people);
    clients = List.copyOf(clients);
    apis = List.copyOf(apis);
    daemons = List.copyOf(daemons);
    var problems = new ArrayList<String>();
    Loopback.check(listener, problems);
    Directory.check(people, problems);
    guid("tenantId", tenantId, problems);
    people.forEach(person -> guid("a person's id", person.id(), problems));
    clients.forEach(client -> guid("a client's id", client.id(), problems));
    apis.forEach(api -> guid("an API's clientId", api.clientId(), problems));
    for (EntraDaemon daemon : daemons) {
      guid("a daemon's clientId", daemon.clientId(), problems);
      guid("a daemon's objectId", daemon.objectId(), problems);
    }
    Lifetimes.check(accessTokenLifetime, problems);
    if (backdating.isNegative() || backdating.compareTo(Duration.ofMinutes(5)) > 0) {
      problems.add("backdating must be 0 to 5 minutes");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// With tokens of one hour that are not backdated.
  public static EntraIdpConfig of(
      Listener listener,
      String tenantId,
      List<Person> people,
      List<PublicClient> clients,
      List<EntraApi> apis,
      List<EntraDaemon> daemons) {
    return new EntraIdpConfig(
        listener, tenantId, people, clients, apis, daemons, Duration.ofHours(1), Duration.ZERO);
  }

  /// The base URI, known before the start when the port is.
  ///
  /// @throws IllegalStateException for port 0
  public URI baseUri() {
    return Loopback.baseUri(listener);
  }

  private static void guid(String what, String value, List<String> problems) {
    if (!GUID.matcher(value).matches()) {
      problems.add(what + " must be a GUID in lower case");
    }
  }
}
