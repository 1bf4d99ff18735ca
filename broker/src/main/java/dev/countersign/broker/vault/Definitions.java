package dev.countersign.broker.vault;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Seal;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.LeaseJournal;
import dev.countersign.broker.LeaseSelection;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.vault.DefinitionStore.Definition;
import dev.countersign.broker.vault.DefinitionStore.Kind;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// Databases and roles, written over the wire by operators. What the configuration file names stays
/// as the file has it. Every change is in the ledger before it is made.
///
/// Threads may share it.
public final class Definitions {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");

  private final BrokerConfig config;
  private final DefinitionStore store;
  private final Optional<Seal> seal;
  private final BiConsumer<String, DatabaseSettings> verify;
  private final LeaseJournal journal;
  private final Ledger ledger;
  private final InstantSource clock;

  /// @param seal closes passwords; without one no database can be written
  /// @param verify connects to a database of this name and throws if it is away or unsafe
  public Definitions(
      BrokerConfig config,
      DefinitionStore store,
      Optional<Seal> seal,
      BiConsumer<String, DatabaseSettings> verify,
      LeaseJournal journal,
      Ledger ledger,
      InstantSource clock) {
    this.config = config;
    this.store = store;
    this.seal = seal;
    this.verify = verify;
    this.journal = journal;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Writes a database. Its password is sealed and never told again.
  ///
  /// @param by the operator
  /// @throws IllegalArgumentException naming what is wrong
  /// @throws dev.countersign.broker.UnsafeTargetException if it is not safe to mint in
  /// @throws dev.countersign.protocol.UnavailableException if it is to be verified and away
  public void writeDatabase(String name, ObjectNode body, String by) {
    requireFree(Kind.DATABASE, name);
    DatabaseDocument read = DatabaseDocument.read(body);
    Seal closing =
        seal.orElseThrow(() ->
            new IllegalArgumentException(
                "databases cannot be written here: `broker.seal-key` is not configured"));
    Optional<Definition> before = store.find(Kind.DATABASE, name);
    if (read.password().isEmpty() && before.isEmpty()) {
      throw new IllegalArgumentException("`password` is missing");
    }
    Secret password =
        read.password()
            .orElseGet(() -> new Secret(closing.open(before.orElseThrow().sealed(), name)));
    if (read.verifies()) {
      verify.accept(name, new DatabaseSettings(read.jdbcUrl(), read.user(), password));
    }
    record(Kind.DATABASE, name, "write", by);
    store.write(
        Kind.DATABASE,
        name,
        read.kept(),
        closing.seal(password.reveal(), name),
        by,
        clock.instant());
  }

  /// Writes a role.
  ///
  /// @throws IllegalArgumentException naming what is wrong
  public void writeRole(String name, ObjectNode body, String by) {
    requireFree(Kind.ROLE, name);
    if (name.equals(Sessions.OPERATOR)) {
      throw new IllegalArgumentException("this name belongs to the login of operators");
    }
    BrokerConfig.Role role = RoleDocument.read(name, body);
    boolean isFixed =
        config.databases().stream().anyMatch(target -> target.name().equals(role.database()));
    if (!isFixed && store.find(Kind.DATABASE, role.database()).isEmpty()) {
      throw new IllegalArgumentException("`db_name` names no database that is configured");
    }
    for (String presenter : role.presenters()) {
      if (!config.workloads().containsKey(presenter)) {
        throw new IllegalArgumentException(
            "`presenters` names a workload whose keys are not configured");
      }
    }
    record(Kind.ROLE, name, "write", by);
    store.write(Kind.ROLE, name, body, "", by, clock.instant());
  }

  /// What is told of a database or role: never a password.
  public Optional<ObjectNode> read(Kind kind, String name) {
    Optional<ObjectNode> fixed =
        switch (kind) {
          case DATABASE ->
              config.databases().stream()
                  .filter(target -> target.name().equals(name))
                  .findFirst()
                  .map(Definitions::told);
          case ROLE -> config.role(name).map(Definitions::told);
        };
    return fixed.or(() ->
        store
            .find(kind, name)
            .map(Definition::document)
            .map(kind == Kind.ROLE ? RoleDocument::told : DatabaseDocument::told));
  }

  private static ObjectNode told(BrokerConfig.Target target) {
    ObjectNode told = StrictJson.object().put("plugin_name", "postgresql-database-plugin");
    told.putObject("connection_details")
        .put("connection_url", target.mint().url().replaceFirst("^jdbc:", ""))
        .put("username", target.mint().user());
    told.putArray("allowed_roles").add("*");
    return told;
  }

  private static ObjectNode told(BrokerConfig.Role role) {
    ObjectNode body =
        StrictJson.object()
            .put("db_name", role.database())
            .put("default_ttl", role.timeToLive().toSeconds())
            .put("max_ttl", role.maxTimeToLive().toSeconds())
            .put("audience", role.audience())
            .put("plain_bearer", role.access().takesPlainBearer());
    var presenters = body.putArray("presenters");
    role.presenters().stream().sorted().forEach(presenters::add);
    ObjectNode mappings = body.putObject("rar_mappings");
    role.mappings()
        .forEach(mapping -> {
          var grants =
              mappings.putObject(mapping.type() + "|" + mapping.action()).putArray("grants");
          mapping.groups().stream()
              .map(SqlName::text)
              .forEach(group -> grants.add("GRANT " + group + " TO \"{{name}}\""));
        });
    return RoleDocument.told(body);
  }

  /// The names of all databases or roles, sorted.
  public List<String> names(Kind kind) {
    var names = new TreeSet<String>(store.names(kind));
    names.addAll(fixed(kind));
    return List.copyOf(names);
  }

  /// Removes a database without open leases, or a role.
  ///
  /// @throws IllegalArgumentException if it may not be removed
  public void remove(Kind kind, String name, String by) {
    requireFree(kind, name);
    if (kind == Kind.DATABASE
        && journal.open(new LeaseSelection.WithPrefix("", "")).stream()
            .anyMatch(lease -> lease.database().equals(name))) {
      throw new IllegalArgumentException("leases are open in this database: revoke them first");
    }
    record(kind, name, "remove", by);
    store.remove(kind, name);
  }

  private Set<String> fixed(Kind kind) {
    return switch (kind) {
      case DATABASE ->
          config.databases().stream().map(BrokerConfig.Target::name).collect(Collectors.toSet());
      case ROLE -> config.roles().stream().map(BrokerConfig.Role::name).collect(Collectors.toSet());
    };
  }

  private void requireFree(Kind kind, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a name has 1 to 63 letters, digits, `-` and `_`, and starts with a letter or digit");
    }
    if (fixed(kind).contains(name)) {
      throw new IllegalArgumentException("the configuration file names it: change it there");
    }
  }

  private void record(Kind kind, String name, String what, String by) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.DEFINITION_WRITTEN,
            "",
            "",
            StrictJson.object()
                .put("kind", kind.name().toLowerCase(Locale.ROOT))
                .put("name", name)
                .put("operation", what)
                .put("operator", by)));
  }
}
