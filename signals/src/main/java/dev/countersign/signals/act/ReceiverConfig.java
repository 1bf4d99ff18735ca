package dev.countersign.signals.act;

import dev.countersign.box.Listener;
import dev.countersign.protocol.Secret;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The receiver's configuration, valid by construction. It alone holds admin credentials.
///
/// @param listener for health, metrics and what others push; it takes no other requests
/// @param workload its name towards the other boxes, usually `receiver`
/// @param transmitter the issuer of the tokens that it obeys
/// @param audience the one `aud` of those tokens, as the transmitter registered it
/// @param subjectIssuer whose subjects it acts on: the `iss` of `sub_id`, the STS's issuer
/// @param sts the STS's base address, which is also its name as an audience
/// @param broker the broker's base address, which is also its name as an audience; empty where a
///   Vault of your own takes its place
/// @param providers where to end a person's sessions by the anchor of the subject
/// @param hooks systems of the company that are told
/// @param inbound transmitters of others whose events end agents here
/// @param oldestEvent how long ago an event may have happened to be acted on; over 0
public record ReceiverConfig(
    Listener listener,
    String workload,
    URI transmitter,
    String audience,
    String subjectIssuer,
    URI sts,
    Optional<URI> broker,
    List<IdentityProvider> providers,
    List<Hook> hooks,
    List<Inbound> inbound,
    Retry retry,
    Duration oldestEvent) {
  /// How old an event may be if nothing else is configured.
  public static final Duration DEFAULT_OLDEST_EVENT = Duration.ofDays(7);

  /// The names of the handlers for our own boxes.
  private static final Set<String> OWN = Set.of("sts", "broker");

  /// Checks every setting before it gives up.
  ///
  /// @throws IllegalArgumentException naming every problem at once, one per line
  public ReceiverConfig {
    providers = List.copyOf(providers);
    hooks = List.copyOf(hooks);
    inbound = List.copyOf(inbound);
    var problems = new ArrayList<String>();
    if (workload.isBlank() || audience.isBlank() || subjectIssuer.isBlank()) {
      problems.add("workload, audience and subject-issuer must not be empty");
    }
    checkBase(transmitter, "transmitter", problems);
    checkBase(sts, "sts", problems);
    broker.ifPresent(base -> checkBase(base, "broker", problems));
    var anchors = new HashSet<String>();
    for (IdentityProvider provider : providers) {
      if (!anchors.add(provider.anchor())) {
        problems.add("providers must not name an anchor twice");
      }
      if (OWN.contains(provider.anchor())) {
        problems.add("the anchor of a provider must not be one of " + OWN);
      }
    }
    if (hooks.stream().map(Hook::name).distinct().count() != hooks.size()) {
      problems.add("webhooks must not name one twice");
    }
    var issuers = new HashSet<String>();
    issuers.add(transmitter.toString());
    for (Inbound other : inbound) {
      if (!issuers.add(other.issuer().toString())) {
        problems.add("inbound " + other.name() + ": this issuer is obeyed already");
      }
    }
    if (!oldestEvent.isPositive()) {
      problems.add("oldest-event must be over 0");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// A configuration without webhooks and without transmitters of others.
  public ReceiverConfig(
      Listener listener,
      String workload,
      URI transmitter,
      String audience,
      String subjectIssuer,
      URI sts,
      URI broker,
      List<IdentityProvider> providers,
      Retry retry,
      Duration oldestEvent) {
    this(
        listener,
        workload,
        transmitter,
        audience,
        subjectIssuer,
        sts,
        Optional.of(broker),
        providers,
        List.of(),
        List.of(),
        retry,
        oldestEvent);
  }

  private static void checkBase(URI address, String key, List<String> problems) {
    if (!isSafe(address) || !address.getRawPath().isEmpty() || address.getRawQuery() != null) {
      problems.add(key + " must be scheme, host and port; http only on loopback");
    }
  }

  /// Whether credentials may travel there: https, or http that stays on this machine.
  static boolean isSafe(URI address) {
    if (address.getHost() == null || address.getRawUserInfo() != null) {
      return false;
    }
    return "https".equals(address.getScheme())
        || ("http".equals(address.getScheme()) && isLoopback(address.getHost()));
  }

  private static boolean isLoopback(String host) {
    if (host.equals("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", "")).isLoopbackAddress();
    } catch (IllegalArgumentException name) {
      return false; // a name may stand for another machine tomorrow
    }
  }

  /// An identity provider whose sessions can be ended.
  public sealed interface IdentityProvider {
    /// The part of a subject before `|` that it answers for.
    String anchor();

    /// Microsoft Entra ID through Microsoft Graph.
    ///
    /// @param tokenEndpoint of the tenant, for client credentials
    /// @param graph the base address of Graph, without `/v1.0`
    /// @param scope usually `https://graph.microsoft.com/.default`
    /// @param checksGuests whether to find out and tell that a person is a guest, whose sign-in at
    ///   the home tenant stays
    record Entra(
        String anchor,
        URI tokenEndpoint,
        URI graph,
        String scope,
        String clientId,
        ClientProof proof,
        boolean checksGuests)
        implements IdentityProvider {
      public Entra {
        requireNames(anchor, scope, clientId);
        requireSafe(tokenEndpoint, anchor);
        requireSafe(graph, anchor);
      }
    }

    /// Okta through its management API.
    ///
    /// @param organization the base address of the organization
    /// @param universalLogout whether applications that take it are logged out too
    record Okta(String anchor, URI organization, OktaAccess access, boolean universalLogout)
        implements IdentityProvider {
      public Okta {
        requireNames(anchor);
        requireSafe(organization, anchor);
      }
    }

    /// How Okta knows the receiver.
    sealed interface OktaAccess {
      /// An API token of an administrator who may end sessions.
      record ApiToken(Secret token) implements OktaAccess {}

      /// An API service app with a key of its own.
      record Service(String clientId, ClientProof.Key key) implements OktaAccess {}
    }

    /// A realm of Keycloak through its admin API.
    ///
    /// @param server the base address, without `/realms`
    record Keycloak(String anchor, URI server, String realm, String clientId, ClientProof proof)
        implements IdentityProvider {
      public Keycloak {
        requireNames(anchor, realm, clientId);
        requireSafe(server, anchor);
        if (!realm.matches("[A-Za-z0-9._~-]{1,128}")) {
          throw new IllegalArgumentException("provider " + anchor + ": realm must be a plain name");
        }
      }
    }

    /// An IBM Verify tenant.
    ///
    /// @param tenant its base address
    record Verify(String anchor, URI tenant, URI tokenEndpoint, String clientId, ClientProof proof)
        implements IdentityProvider {
      public Verify {
        requireNames(anchor, clientId);
        requireSafe(tenant, anchor);
        requireSafe(tokenEndpoint, anchor);
      }
    }

    private static void requireNames(String... names) {
      for (String name : names) {
        if (name.isBlank()) {
          throw new IllegalArgumentException("a provider's settings must not be empty");
        }
      }
    }

    private static void requireSafe(URI address, String anchor) {
      if (!isSafe(address)) {
        throw new IllegalArgumentException(
            "provider " + anchor + ": addresses must be https, or http on loopback");
      }
    }
  }

  /// A system of the company that is told of every end.
  ///
  /// @param anchors whose people; empty for all
  /// @param secret signs the messages
  public record Hook(String name, URI address, Set<String> anchors, Secret secret) {
    private static final int SHORTEST = 24;

    public Hook {
      anchors = Set.copyOf(anchors);
      if (!name.matches("[a-z0-9][a-z0-9-]{0,62}")) {
        throw new IllegalArgumentException("a webhook's name must be a plain lower-case name");
      }
      if (!isSafe(address)) {
        throw new IllegalArgumentException(
            "webhook " + name + ": url must be https, or http on loopback");
      }
      if (secret.reveal().length() < SHORTEST) {
        throw new IllegalArgumentException(
            "webhook " + name + ": secret must have at least 24 characters");
      }
    }
  }

  /// How a failed attempt is repeated.
  ///
  /// @param first the pause after the first failure; doubles each time
  /// @param longest the longest pause
  /// @param attempts after how many failures to give up
  public record Retry(Duration first, Duration longest, int attempts) {
    /// From 200 ms up to a minute, for about five hours.
    public static final Retry USUAL = new Retry(Duration.ofMillis(200), Duration.ofMinutes(1), 300);

    private static final int MAX_DOUBLINGS = 30;

    public Retry {
      if (!first.isPositive() || longest.compareTo(first) < 0 || attempts < 1) {
        throw new IllegalArgumentException(
            "retry: first must be over 0, longest at least first, attempts at least 1");
      }
    }

    /// The pause after the `failures`-th failure: half of it fixed, half by chance, so that many
    /// that failed together do not come back together.
    ///
    /// @param chance 0 to 1
    public Duration pause(int failures, double chance) {
      double doubled = first.toNanos() * (double) (1L << Math.min(MAX_DOUBLINGS, failures - 1));
      double whole = Math.min(doubled, (double) longest.toNanos());
      return Duration.ofNanos((long) (whole / 2 + whole / 2 * chance));
    }
  }
}
