package dev.countersign.server.config;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.RoleMapping;
import dev.countersign.broker.SqlName;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/// Reads the `broker` section.
public final class BrokerSection {
  private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);
  private static final String RECEIVER = "receiver";

  private BrokerSection() {}

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
                    Sections.checked(
                        broker, "databases", () -> new BrokerConfig.Target(name, login)))
                .ifPresent(databases::add));
    var roles = new ArrayList<BrokerConfig.Role>();
    var presenters = new TreeSet<String>(Set.of(RECEIVER));
    broker
        .named("roles")
        .forEach((name, section) -> {
          presenters.addAll(section.texts("presenters"));
          role(broker, name, section).ifPresent(roles::add);
        });
    var listener = Sections.listener(broker);
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
              RECEIVER);
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
      section.done();
      return Optional.of(mintLogin.apply(name.get()));
    }
    String url = section.text("url");
    String user = section.text("user");
    Secret password = section.secret("password");
    section.done();
    return Sections.checked(section, "url", () -> new DatabaseSettings(url, user, password));
  }

  private static Optional<BrokerConfig.Role> role(
      ConfigSection broker, String name, ConfigSection section) {
    String database = section.text("database");
    String audience = section.text("audience");
    Set<String> presenters = Set.copyOf(section.texts("presenters"));
    Duration lifetime = section.duration("lifetime", FIVE_MINUTES);
    ConfigSection mappings = section.section("mappings");
    Map<String, List<String>> groups = new TreeMap<>();
    mappings.keys().forEach(key -> groups.put(key, mappings.texts(key)));
    section.done();
    return Sections.checked(
        broker,
        "roles",
        () ->
            new BrokerConfig.Role(
                name,
                database,
                audience,
                presenters,
                lifetime,
                groups.entrySet().stream()
                    .map(mapping ->
                        RoleMapping.of(
                            mapping.getKey(),
                            mapping.getValue().stream().map(SqlName::new).toList()))
                    .toList()));
  }

  /// A business database inside the embedded PostgreSQL.
  ///
  /// @param groups the NOLOGIN roles that minted logins are members of
  /// @param tableOwners the NOLOGIN roles that own its tables
  /// @param setup SQL files that make it, in order
  public record EmbeddedDatabase(
      String name, List<SqlName> groups, List<SqlName> tableOwners, List<Path> setup) {}
}
