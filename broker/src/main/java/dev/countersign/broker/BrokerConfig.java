package dev.countersign.broker;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Listener;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
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
/// @param certificates the workloads that prove themselves by mutual TLS, by the `x5t#S256` of
///   their certificate
/// @param agents what each agent may ask for at most, by its `act.sub`; empty where no agent is
///   held to a ceiling. Where there is one, an agent that is not registered gets nothing
/// @param receiver the workload that may revoke everything of a person, client or token
/// @param operators the workloads that may look up and end the leases of others
/// @param limits how much may be open, or owed, before nothing more is minted
/// @param sealKey closes the passwords of databases that operators write over the wire; without it
///   they cannot
public record BrokerConfig(
    URI baseUri,
    Listener listener,
    TokenIssuer issuer,
    List<Target> databases,
    List<Role> roles,
    Map<String, KeySource> workloads,
    Map<String, String> certificates,
    Map<String, Agent> agents,
    String receiver,
    Set<String> operators,
    MintLimits limits,
    Optional<Secret> sealKey) {
  private static final int SEAL_KEY_LENGTH = 32;

  /// A broker without ceilings and operators, with the usual limits.
  public BrokerConfig(
      URI baseUri,
      Listener listener,
      TokenIssuer issuer,
      List<Target> databases,
      List<Role> roles,
      Map<String, KeySource> workloads,
      String receiver) {
    this(
        baseUri,
        listener,
        issuer,
        databases,
        roles,
        workloads,
        Map.of(),
        Map.of(),
        receiver,
        Set.of(),
        MintLimits.USUAL,
        Optional.empty());
  }

  /// Checks every setting before it gives up.
  ///
  /// @throws IllegalArgumentException naming every problem at once, one per line
  public BrokerConfig {
    databases = List.copyOf(databases);
    roles = List.copyOf(roles);
    workloads = Map.copyOf(workloads);
    certificates = Map.copyOf(certificates);
    agents = Map.copyOf(agents);
    operators = Set.copyOf(operators);
    var problems = new ArrayList<String>();
    if (baseUri.getScheme() == null
        || baseUri.getRawAuthority() == null
        || !baseUri.getRawPath().isEmpty()
        || baseUri.getRawQuery() != null
        || baseUri.getRawFragment() != null) {
      problems.add("the broker's base URI must be scheme and authority only");
    }
    if (sealKey.isPresent() && sealKey.get().reveal().length() < SEAL_KEY_LENGTH) {
      problems.add("the seal key must have at least " + SEAL_KEY_LENGTH + " characters");
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
    for (String workload : workloads.keySet()) {
      if (workload.startsWith("bearer:")) {
        problems.add("a workload's name must not start with `bearer:`");
      }
    }
    for (String holder : certificates.values()) {
      if (!workloads.containsKey(holder)) {
        problems.add("certificates names a workload that no role and no operator is");
      }
    }
    for (String operator : operators) {
      if (!workloads.containsKey(operator)) {
        problems.add("operators names a workload whose keys are not configured");
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
  /// @param passwordIterations SCRAM iterations of minted passwords. They are 256 random bits, so
  ///   one is enough; drivers that insist on more need 4096
  /// @param allowances what is unsafe and allowed all the same, by name
  public record Target(
      String name, DatabaseSettings mint, int passwordIterations, Set<Allowance> allowances) {

    /// A target without exceptions.
    public Target(String name, DatabaseSettings mint) {
      this(name, mint, 1, Set.of());
    }

    public Target {
      allowances = Set.copyOf(allowances);
      requireName(name);
      if (passwordIterations < 1 || passwordIterations > 100_000) {
        throw new IllegalArgumentException("password-iterations must be between 1 and 100000");
      }
      if (!isNear(mint.url())
          && !TLS.matcher(mint.url()).find()
          && !allowances.contains(Allowance.PLAIN_CONNECTION)) {
        throw new IllegalArgumentException(
            "database "
                + name
                + " is on another machine and its url asks for no TLS: add ?sslmode=verify-full (with"
                + " sslrootcert), or say `allow: [plain-connection]`");
      }
    }
  }

  private static final Pattern NEAR =
      Pattern.compile("jdbc:postgresql:(//(127\\.[0-9.]+|localhost|\\[::1])(:[0-9]+)?/.*|[^/].*)");
  private static final Pattern TLS =
      Pattern.compile("[?&]sslmode=(require|verify-ca|verify-full)(&|$)");

  private static boolean isNear(String url) {
    return NEAR.matcher(url).matches();
  }

  /// What makes a set-up unsafe and may be allowed all the same, for one database, by name.
  public enum Allowance {
    /// The broker's login is a superuser: whoever takes the broker over has the server.
    SUPERUSER,
    /// PostgreSQL 15, where a CREATEROLE login can make itself a member of anything.
    POSTGRES_15,
    /// No TLS to a database that is not on this machine: passwords of minted logins are safe from
    /// listeners by SCRAM, the data is not.
    PLAIN_CONNECTION,
    /// PUBLIC may make large objects, as on managed services: a login can fill the disk until it
    /// ends, and what it made is dropped with it.
    LARGE_OBJECTS;

    /// The name in configuration.
    public String wireName() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /// What one agent may ask for at most, whatever a token says.
  ///
  /// @param ceiling the kinds of requests, with their constraints
  public record Agent(List<Ceiling> ceiling) {
    public Agent {
      ceiling = List.copyOf(ceiling);
    }
  }

  /// What a token can be turned into, and by whom.
  ///
  /// @param name the last part of the path `verify-rar/creds/<name>`
  /// @param database the target database's name
  /// @param access whose tokens open it, and who may present them
  /// @param timeToLive of a lease; over 0 and at most five minutes
  /// @param maxTimeToLive how long renewals may make it; at most an hour. Equal to `timeToLive`
  ///   where nothing may be renewed
  /// @param limits how much of the server a login may take
  /// @param mappings which kind of request opens which group roles; all others are refused
  public record Role(
      String name,
      String database,
      Access access,
      Duration timeToLive,
      Duration maxTimeToLive,
      LoginLimits limits,
      List<RoleMapping> mappings) {
    private static final Duration LONGEST = Duration.ofMinutes(5);
    private static final Duration LONGEST_RENEWED = Duration.ofHours(1);

    /// A role whose leases cannot be renewed, for tokens in which the client itself acts.
    public Role(
        String name,
        String database,
        String audience,
        Set<String> presenters,
        Duration timeToLive,
        List<RoleMapping> mappings) {
      this(
          name,
          database,
          Access.of(audience, presenters),
          timeToLive,
          timeToLive,
          LoginLimits.USUAL,
          mappings);
    }

    public Role {
      mappings = List.copyOf(mappings);
      requireName(name);
      if (mappings.isEmpty()) {
        throw new IllegalArgumentException("role " + name + " needs at least one mapping");
      }
      if (!timeToLive.isPositive() || timeToLive.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "role " + name + ": the time to live must be over 0 and at most 5 minutes");
      }
      if (maxTimeToLive.compareTo(timeToLive) < 0 || maxTimeToLive.compareTo(LONGEST_RENEWED) > 0) {
        throw new IllegalArgumentException(
            "role " + name + ": the longest time to live must be between lifetime and 1 hour");
      }
      long kinds = mappings.stream().map(m -> m.type() + "|" + m.action()).distinct().count();
      if (kinds != mappings.size()) {
        throw new IllegalArgumentException("role " + name + " maps one kind of request twice");
      }
    }

    /// The one resource whose tokens open this role, exactly.
    public String audience() {
      return access.audience();
    }

    /// The workloads that may present such a token.
    public Set<String> presenters() {
      return access.presenters();
    }

    /// Whether a lease can be renewed.
    public boolean isRenewable() {
      return maxTimeToLive.compareTo(timeToLive) > 0;
    }
  }

  /// Whose tokens open a role, and who may present them.
  ///
  /// @param audience the one resource whose tokens open it, exactly
  /// @param presenters the workloads that may present such a token; may be empty where a plain
  ///   bearer suffices
  /// @param actors the `act.sub` values it takes; empty for tokens in which the client itself acts
  /// @param checksBinding those presenters that have checked, at the resource, that the sender
  ///   holds the key a token is bound to. All others must hold that key themselves
  /// @param takesPlainBearer whether a token alone opens it, for old clients that cannot prove
  ///   themselves: whoever copies such a token can mint with it
  public record Access(
      String audience,
      Set<String> presenters,
      Set<String> actors,
      Set<String> checksBinding,
      boolean takesPlainBearer) {
    public Access {
      presenters = Set.copyOf(presenters);
      actors = Set.copyOf(actors);
      checksBinding = Set.copyOf(checksBinding);
      if (audience.isEmpty()) {
        throw new IllegalArgumentException("a role needs an audience");
      }
      if (presenters.isEmpty() && !takesPlainBearer) {
        throw new IllegalArgumentException("a role needs at least one presenter");
      }
      if (!presenters.containsAll(checksBinding)) {
        throw new IllegalArgumentException("only presenters of a role can have checked a binding");
      }
    }

    /// Access by proven workloads only, for tokens in which the client itself acts.
    public static Access of(String audience, Set<String> presenters) {
      return new Access(audience, presenters, Set.of(), Set.of(), false);
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
