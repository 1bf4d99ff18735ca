package dev.countersign.server.config;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Leases;
import dev.countersign.broker.LoginLimits;
import dev.countersign.broker.MintLimits;
import dev.countersign.broker.PresenterKeys;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;

/// Reads the `broker` section.
public final class BrokerSection {
  private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);
  private static final String RECEIVER = "receiver";

  private BrokerSection() {}

  /// Where the broker is, as its callers know it.
  static URI address(ConfigSection broker) {
    return Sections.address(broker, Sections.listener(broker, true));
  }

  /// @param mintLogin the CREATEROLE login of a database inside the embedded PostgreSQL, by its
  ///   name
  static Optional<BrokerConfig> read(
      ConfigSection broker, Keys keys, URI issuer, Function<String, DatabaseSettings> mintLogin) {
    var databases = new ArrayList<BrokerConfig.Target>();
    broker
        .named("databases")
        .forEach((name, section) ->
            settings(section, mintLogin)
                .flatMap(login ->
                    Sections.checked(broker, "databases", () -> target(name, section, login)))
                .ifPresent(databases::add));
    var roles = new ArrayList<BrokerConfig.Role>();
    var presenters = new TreeSet<String>(Set.of(RECEIVER, Leases.TOKEN_SERVICE));
    broker
        .named("roles")
        .forEach((name, section) -> {
          presenters.addAll(section.texts("presenters"));
          role(broker, name, section).ifPresent(roles::add);
        });
    var agents = new TreeMap<String, BrokerConfig.Agent>();
    broker
        .named("agents")
        .forEach((name, section) -> agents.put(name, MappingSection.agent(section)));
    Set<String> operators = Set.copyOf(broker.texts("operators"));
    presenters.addAll(operators);
    MintLimits limits = limits(broker);
    Map<String, String> certificates = certificates(broker);
    Optional<Secret> sealKey = broker.optionalText("seal-key").map(_ -> broker.secret("seal-key"));
    var listener = Sections.listener(broker, true);
    URI address = Sections.address(broker, listener);
    return Sections.checked(
        broker,
        "",
        () -> {
          var workloads = new TreeMap<String, KeySource>();
          presenters.forEach(workload -> workloads.put(workload, keys.of(workload)));
          return new BrokerConfig(
              address,
              listener,
              new BrokerConfig.TokenIssuer(issuer.toString(), issuer.resolve("/oauth2/jwks")),
              databases,
              roles,
              workloads,
              certificates,
              agents,
              RECEIVER,
              operators,
              limits,
              sealKey);
        });
  }

  /// The databases inside the embedded PostgreSQL, with the SQL files that make them.
  static List<EmbeddedDatabase> embedded(ConfigSection broker, BrokerConfig config) {
    var embedded = new ArrayList<EmbeddedDatabase>();
    broker
        .named("databases")
        .forEach((target, section) ->
            section
                .optionalText("embedded")
                .ifPresent(name ->
                    embedded.add(
                        new EmbeddedDatabase(
                            name,
                            groups(config, target),
                            section.texts("table-owners").stream().map(SqlName::new).toList(),
                            section.texts("setup").stream()
                                .map(file -> section.folder().resolve(file).normalize())
                                .toList()))));
    return List.copyOf(embedded);
  }

  private static List<SqlName> groups(BrokerConfig config, String target) {
    return config.roles().stream()
        .filter(role -> role.database().equals(target))
        .flatMap(role -> role.mappings().stream())
        .flatMap(mapping -> mapping.groups().stream())
        .distinct()
        .toList();
  }

  private static Optional<DatabaseSettings> settings(
      ConfigSection section, Function<String, DatabaseSettings> mintLogin) {
    Optional<String> name = section.optionalText("embedded");
    if (name.isPresent()) {
      section.texts("setup");
      section.texts("table-owners");
      return Optional.of(mintLogin.apply(name.get()));
    }
    String url = section.text("url");
    String user = section.text("user");
    Secret password = section.secret("password");
    return Sections.checked(section, "url", () -> new DatabaseSettings(url, user, password));
  }

  private static BrokerConfig.Target target(
      String name, ConfigSection section, DatabaseSettings login) {
    int iterations = (int) section.integer("password-iterations", 1);
    var allowances = EnumSet.noneOf(BrokerConfig.Allowance.class);
    for (String allowed : section.texts("allow")) {
      Optional<BrokerConfig.Allowance> known =
          Stream.of(BrokerConfig.Allowance.values())
              .filter(allowance -> allowance.wireName().equals(allowed))
              .findFirst();
      known.ifPresentOrElse(
          allowances::add, () -> section.problem("allow", "names nothing that can be allowed"));
    }
    section.done();
    return new BrokerConfig.Target(name, login, iterations, allowances);
  }

  // By thumbprint, as the handshake tells them.
  private static Map<String, String> certificates(ConfigSection broker) {
    var workloads = new TreeMap<String, String>();
    broker
        .optionalSection("certificates")
        .ifPresent(section -> {
          for (String workload : section.keys()) {
            Path file = section.path(workload);
            try (InputStream pem = Files.newInputStream(file)) {
              var certificate =
                  (X509Certificate)
                      CertificateFactory.getInstance("X.509").generateCertificate(pem);
              workloads.put(PresenterKeys.thumbprint(certificate), workload);
            } catch (IOException | CertificateException unusable) {
              section.problem(workload, "the file " + file + " holds no PEM certificate");
            }
          }
        });
    return workloads;
  }

  private static MintLimits limits(ConfigSection broker) {
    Optional<ConfigSection> limits = broker.optionalSection("limits");
    if (limits.isEmpty()) {
      return MintLimits.USUAL;
    }
    ConfigSection section = limits.get();
    MintLimits usual = MintLimits.USUAL;
    int perSubject = (int) section.integer("per-person", usual.perSubject());
    int total = (int) section.integer("total", usual.total());
    int debt = (int) section.integer("debt", usual.debt());
    section.done();
    return Sections.checked(section, "total", () -> new MintLimits(perSubject, total, debt))
        .orElse(usual);
  }

  private static Optional<BrokerConfig.Role> role(
      ConfigSection broker, String name, ConfigSection section) {
    String database = section.text("database");
    String audience = section.text("audience");
    Set<String> presenters = Set.copyOf(section.texts("presenters"));
    Set<String> actors = Set.copyOf(section.texts("actors"));
    Set<String> checksBinding = Set.copyOf(section.texts("checks-binding"));
    boolean takesPlainBearer = section.flag("plain-bearer", false);
    Duration lifetime = section.duration("lifetime", FIVE_MINUTES);
    Duration longest = section.duration("max-lifetime", lifetime);
    LoginLimits limits =
        section.optionalSection("login").flatMap(BrokerSection::login).orElse(LoginLimits.USUAL);
    List<RoleMapping> mappings = MappingSection.mappings(section.section("mappings"));
    section.done();
    return Sections.checked(
        broker,
        "roles",
        () ->
            new BrokerConfig.Role(
                name,
                database,
                new BrokerConfig.Access(
                    audience, presenters, actors, checksBinding, takesPlainBearer),
                lifetime,
                longest,
                limits,
                mappings));
  }

  private static Optional<LoginLimits> login(ConfigSection login) {
    LoginLimits usual = LoginLimits.USUAL;
    int connections = (int) login.integer("connections", usual.connections());
    Duration statement = login.duration("statement-timeout", usual.statement());
    Duration idle = login.duration("idle-timeout", usual.idle());
    Duration lock = login.duration("lock-timeout", usual.lock());
    login.done();
    return Sections.checked(
        login, "connections", () -> new LoginLimits(connections, statement, idle, lock));
  }

  /// A business database inside the embedded PostgreSQL.
  ///
  /// @param groups the NOLOGIN roles that minted logins are members of
  /// @param tableOwners the NOLOGIN roles that own its tables
  /// @param setup SQL files that make it, in order
  public record EmbeddedDatabase(
      String name, List<SqlName> groups, List<SqlName> tableOwners, List<Path> setup) {}
}
