package dev.countersign.gateway;

import dev.countersign.box.Listener;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// The `gateway` section of the configuration, valid by construction.
///
/// @param base how agents reach it: scheme, host and port, no path; `base`/mcp is the protected
///   resource and the audience of the on-behalf-of tokens it asks for
/// @param mode who exchanges the person's token
/// @param workload its name as STS client and as presenter at the broker
/// @param anchors issuers whose tokens open the endpoint; with [Mode#VALIDATE] for everything but
///   calls, and there may be none
/// @param databases where the tools' databases are: name to JDBC address, without any login
/// @param emitter set where blocked calls end the person's sessions
public record GatewayConfig(
    Listener listener,
    URI base,
    Mode mode,
    String workload,
    Upstreams upstreams,
    List<Anchor> anchors,
    Map<String, String> databases,
    Border border,
    Optional<Emitter> emitter) {
  private static final String JDBC = "jdbc:postgresql://";

  /// Checks every setting before it gives up.
  ///
  /// @throws IllegalArgumentException naming every problem at once, one per line
  public GatewayConfig {
    anchors = List.copyOf(anchors);
    databases = new TreeMap<>(databases);
    var problems = new ArrayList<String>();
    if (!isOrigin(base)) {
      problems.add("base must be an address without path, such as https://gateway.example:9403");
    }
    if (workload.isEmpty()) {
      problems.add("workload must name this gateway");
    }
    if (anchors.isEmpty() && mode != Mode.VALIDATE) {
      problems.add("anchors must name at least one issuer whose tokens are accepted");
    }
    if (border.dpopRequired() && mode != Mode.VALIDATE) {
      problems.add(
          "dpop-required needs mode validate: a person's own token is exchanged by the gateway, which"
              + " cannot prove the key that it may be bound to");
    }
    databases.forEach((name, address) -> {
      if (!address.startsWith(JDBC)) {
        problems.add("databases." + name + ".url must start with " + JDBC);
      } else if (address.matches(".*[?&](user|password|options)=.*")) {
        problems.add("databases." + name + ".url must not hold a login or options");
      }
    });
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// A gateway that counts no blocked calls.
  public GatewayConfig(
      Listener listener,
      URI base,
      Mode mode,
      String workload,
      Upstreams upstreams,
      List<Anchor> anchors,
      Map<String, String> databases,
      Border border) {
    this(listener, base, mode, workload, upstreams, anchors, databases, border, Optional.empty());
  }

  /// The protected resource's identifier (RFC 8707): the audience of its tokens.
  public URI resource() {
    return base.resolve("/mcp");
  }

  /// The `Host` values that are served: the base's own, the configured ones, and on loopback its
  /// usual spellings.
  public Set<String> hosts() {
    var hosts = new HashSet<>(border.hosts());
    hosts.add(base.getRawAuthority());
    if (Set.of("127.0.0.1", "localhost", "::1").contains(listener.host())) {
      String port = base.getPort() < 0 ? "" : ":" + base.getPort();
      hosts.addAll(Set.of("127.0.0.1" + port, "localhost" + port, "[::1]" + port));
    }
    return hosts;
  }

  private static boolean isOrigin(URI uri) {
    return uri.getHost() != null
        && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))
        && Optional.ofNullable(uri.getRawPath()).orElse("").isEmpty()
        && uri.getRawQuery() == null
        && uri.getRawFragment() == null
        && uri.getRawUserInfo() == null;
  }

  /// Who exchanges the person's token for one that is for one call.
  public enum Mode {
    /// Pattern A: the agent forwards the person's token, and this gateway exchanges it.
    TE,
    /// Pattern B: the agent exchanges, and this gateway only validates what it brings.
    VALIDATE,
    /// Whichever a call brings: a person's own token is exchanged, an on-behalf-of token validated.
    BOTH
  }

  /// The boxes that a call needs.
  ///
  /// @param sts the issuer of the on-behalf-of tokens, exactly as their `iss`
  /// @param broker our own broker's base address, which is its audience for presenters; empty where
  ///   there is none
  /// @param vault the Vault of your own that takes the broker's place
  public record Upstreams(URI sts, Optional<URI> broker, Optional<VaultAddress> vault) {

    /// Upstreams with our own broker.
    public Upstreams(URI sts, URI broker) {
      this(sts, Optional.of(broker), Optional.empty());
    }

    public Upstreams {
      if (!isOrigin(sts) || !broker.map(GatewayConfig::isOrigin).orElse(true)) {
        throw new IllegalArgumentException("sts and broker must be addresses without path");
      }
      if (broker.isEmpty() && vault.isEmpty()) {
        throw new IllegalArgumentException("vault must be there where there is no broker");
      }
    }
  }

  /// A HashiCorp Vault or OpenBao of your own.
  ///
  /// @param base its address, without path
  /// @param paths how it is asked
  /// @param authMount where its JWT method is mounted; of no interest with [Paths#VERIFY_RAR]
  /// @param mount where its credentials are minted
  /// @param namespace of a Vault Enterprise, or empty
  public record VaultAddress(
      URI base, Paths paths, String authMount, String mount, String namespace) {
    private static final String MOUNT = "[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*";

    public VaultAddress {
      if (!isOrigin(base)) {
        throw new IllegalArgumentException("vault.address must be an address without path");
      }
      if (!"https".equals(base.getScheme())
          && !Set.of("127.0.0.1", "localhost", "[::1]").contains(base.getHost())) {
        throw new IllegalArgumentException(
            "vault.address must be https: tokens and passwords travel there");
      }
      if (!authMount.matches(MOUNT) || !mount.matches(MOUNT)) {
        throw new IllegalArgumentException("vault mounts are paths such as jwt or teams/database");
      }
      if (!namespace.matches("[A-Za-z0-9_/-]*")) {
        throw new IllegalArgumentException("vault.namespace must be a path such as teams/payments");
      }
    }

    /// How a Vault is asked for a credential.
    public enum Paths {
      /// The stock way: log in with the token at the JWT method, then read from the database
      /// engine.
      DATABASE,
      /// The verify-rar plugin: the token itself in `X-Vault-Token`, its claims in the body.
      VERIFY_RAR
    }
  }

  /// Who may talk to the endpoint at all.
  ///
  /// @param hosts further `Host` values, such as a proxy's
  /// @param origins the `Origin` values of browser pages that may call; usually none
  /// @param maxBodyBytes the largest request
  /// @param callsPerPerson how many calls of one person run at a time on one replica
  /// @param dpopRequired whether only tokens with a proof of their key are taken
  public record Border(
      Set<String> hosts,
      Set<String> origins,
      int maxBodyBytes,
      int callsPerPerson,
      boolean dpopRequired) {
    private static final int DEFAULT_CALLS = 32;
    private static final int DEFAULT_BODY = 256 * 1024;

    public Border {
      hosts = Set.copyOf(hosts);
      origins = Set.copyOf(origins);
      if (maxBodyBytes < 1024 || maxBodyBytes > 1 << 20) {
        throw new IllegalArgumentException("max-body-bytes must be 1024 to 1048576");
      }
      if (callsPerPerson < 1 || callsPerPerson > 1_000) {
        throw new IllegalArgumentException("calls-per-person must be 1 to 1000");
      }
    }

    /// A border with the usual number of calls at a time.
    public Border(Set<String> hosts, Set<String> origins, int maxBodyBytes) {
      this(hosts, origins, maxBodyBytes, DEFAULT_CALLS, false);
    }

    /// No further hosts, no browser pages, 256 KiB.
    public static Border standard() {
      return new Border(Set.of(), Set.of(), DEFAULT_BODY);
    }
  }
}
