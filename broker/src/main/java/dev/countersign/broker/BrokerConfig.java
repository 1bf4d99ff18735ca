package dev.countersign.broker;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Listener;
import dev.countersign.protocol.KeySource;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What the broker is told, valid by construction.
///
/// @param baseUri the broker's own address, and so the `aud` of the assertions presented to it;
///   without path
/// @param listener where it listens
/// @param issuer whose on-behalf-of tokens it accepts
/// @param databases the target databases; at least one
/// @param roles what tokens can be turned into; at least one
/// @param workloads the public keys of every workload that may call, by its name
/// @param receiver the workload that may revoke everything of a person
public record BrokerConfig(
    URI baseUri,
    Listener listener,
    TokenIssuer issuer,
    List<Target> databases,
    List<Role> roles,
    Map<String, KeySource> workloads,
    String receiver) {

  /// Checks every setting before it gives up.
  ///
  /// @throws IllegalArgumentException naming every problem at once, one per line
  public BrokerConfig {
    databases = List.copyOf(databases);
    roles = List.copyOf(roles);
    workloads = Map.copyOf(workloads);
    var problems = new ArrayList<String>();
    if (baseUri.getScheme() == null
        || baseUri.getRawAuthority() == null
        || !baseUri.getRawPath().isEmpty()
        || baseUri.getRawQuery() != null
        || baseUri.getRawFragment() != null) {
      problems.add("the broker's base URI must be scheme and authority only");
    }
    if (databases.isEmpty() || roles.isEmpty()) {
      problems.add("the broker needs at least one database and one role");
    }
    var names = new HashSet<String>();
    for (Target database : databases) {
      if (!names.add(database.name())) {
        problems.add("database " + database.name() + " occurs twice");
      }
    }
    var roleNames = new HashSet<String>();
    for (Role role : roles) {
      if (!roleNames.add(role.name())) {
        problems.add("role " + role.name() + " occurs twice");
      }
      if (!names.contains(role.database())) {
        problems.add("role " + role.name() + " names a database that is not configured");
      }
      for (String presenter : role.presenters()) {
        if (!workloads.containsKey(presenter)) {
          problems.add("role " + role.name() + " names a presenter whose keys are not configured");
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// The role of this name.
  public Optional<Role> role(String name) {
    return roles.stream().filter(role -> role.name().equals(name)).findFirst();
  }

  /// The STS whose on-behalf-of tokens are accepted.
  ///
  /// @param issuer the exact `iss`
  /// @param jwks where its public keys are
  public record TokenIssuer(String issuer, URI jwks) {}

  /// A business database.
  ///
  /// @param name in configuration, the journal and the ledger
  /// @param mint the CREATEROLE login that makes and ends the others
  public record Target(String name, DatabaseSettings mint) {
    public Target {
      requireName(name);
    }
  }

  /// What a token can be turned into, and by whom.
  ///
  /// @param name the last part of the path `verify-rar/creds/<name>`
  /// @param database the target database's name
  /// @param audience the one resource whose tokens open this role, exactly
  /// @param presenters the workloads that may present such a token
  /// @param timeToLive of a lease; over 0 and at most five minutes
  /// @param mappings which kind of request opens which group roles; all others are refused
  public record Role(
      String name,
      String database,
      String audience,
      Set<String> presenters,
      Duration timeToLive,
      List<RoleMapping> mappings) {
    private static final Duration LONGEST = Duration.ofMinutes(5);

    public Role {
      presenters = Set.copyOf(presenters);
      mappings = List.copyOf(mappings);
      requireName(name);
      if (audience.isEmpty()) {
        throw new IllegalArgumentException("role " + name + " needs an audience");
      }
      if (presenters.isEmpty() || mappings.isEmpty()) {
        throw new IllegalArgumentException(
            "role " + name + " needs at least one presenter and one mapping");
      }
      if (!timeToLive.isPositive() || timeToLive.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "role " + name + ": the time to live must be over 0 and at most 5 minutes");
      }
      long kinds = mappings.stream().map(m -> m.type() + "|" + m.action()).distinct().count();
      if (kinds != mappings.size()) {
        throw new IllegalArgumentException("role " + name + " maps one kind of request twice");
      }
    }
  }

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");

  private static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a name has 1 to 63 letters, digits, `-` and `_`, and starts with a letter or digit");
    }
  }
}
