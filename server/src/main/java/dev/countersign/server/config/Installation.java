package dev.countersign.server.config;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.tools.ToolReader;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Secret;
import dev.countersign.server.config.BrokerSection.EmbeddedDatabase;
import dev.countersign.server.config.DevelopmentSection.Development;
import dev.countersign.server.config.LedgerSection.LedgerSettings;
import dev.countersign.server.config.TelemetrySection.TelemetrySettings;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.transmit.TransmitterConfig;
import dev.countersign.sts.DecisionSettings;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.box.StsBox;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One installation as its `countersign.yaml` describes it, valid by construction: every file that
/// it names was read and checked too.
///
/// @param data the folder for keys, generated secrets and the embedded PostgreSQL
/// @param decisions what surrounds the policy
/// @param policyFiles the files of policy and types
/// @param postgres the owner's login at a PostgreSQL of your own; empty for the embedded one
/// @param telemetry empty where no collector is told
/// @param broker empty where a Vault of your own takes its place
public record Installation(
    Path data,
    Optional<DatabaseSettings> postgres,
    StsConfig sts,
    DecisionSettings decisions,
    TypeRegistry types,
    Policy policy,
    List<Path> policyFiles,
    Optional<BrokerConfig> broker,
    List<EmbeddedDatabase> embeddedDatabases,
    GatewayConfig gateway,
    Tools tools,
    TransmitterConfig transmitter,
    ReceiverConfig receiver,
    Optional<ConsoleConfig> console,
    LedgerSettings ledger,
    Optional<TelemetrySettings> telemetry,
    Optional<ProveSettings> prove,
    Development development) {

  /// The boxes of an installation, by the names that keys, database users and logs have.
  public static final List<String> BOXES =
      List.of("sts", "broker", "gateway", "transmitter", "receiver", "console");

  /// Said where a command needs the broker.
  public static final String NO_BROKER =
      "this configuration has no section broker: a Vault of your own takes its place";

  private static final List<String> SECTIONS =
      Stream.concat(
              Stream.of("state", "ledger", "telemetry", "prove", "development"), BOXES.stream())
          .toList();

  /// Reads a file and all that it names; starts nothing. The databases inside the embedded
  /// PostgreSQL have no address yet: see [#located].
  ///
  /// @param variables values for `${NAME}` that go before the environment
  /// @throws dev.countersign.config.ConfigException telling every problem at once
  public static Installation read(Path file, Map<String, String> variables) {
    return read(file, variables, Installation::nowhere, null);
  }

  /// The same installation, with the embedded PostgreSQL's address in it.
  ///
  /// @param mintLogin the broker's login of a database inside the embedded PostgreSQL, by its name
  public Installation located(
      Path file, Map<String, String> variables, Function<String, DatabaseSettings> mintLogin) {
    return read(file, variables, mintLogin, this);
  }

  private static DatabaseSettings nowhere(String name) {
    return new DatabaseSettings(
        "jdbc:postgresql://127.0.0.1:5432/" + name, "countersign_mint", new Secret(""));
  }

  private static Installation read(
      Path file,
      Map<String, String> variables,
      Function<String, DatabaseSettings> mintLogin,
      @Nullable Installation earlier) {
    var problems = new Problems();
    ConfigSection root = ConfigFile.read(file, variables, problems);
    // Told together with a section that is missing, since a misspelt name is both.
    SECTIONS.forEach(root::has);
    root.done();
    Optional<ConfigSection> stage = root.optionalSection("development");
    stage.ifPresent(DevelopmentSection::generate);
    ConfigSection state = root.section("state");
    Path data = state.path("data");
    Optional<DatabaseSettings> postgres =
        state.optionalSection("postgres").flatMap(Installation::postgres);
    state.done();
    problems.throwIfAny();

    var keys = new Keys(data.resolve("keys"), local(stage));
    ConfigSection stsSection = root.section("sts");
    URI transmitterAddress = SignalsSection.transmitterAddress(root.section("transmitter"));
    Optional<URI> brokerAddress = root.optionalSection("broker").map(BrokerSection::address);
    Optional<StsConfig> sts = StsSection.read(stsSection, keys, transmitterAddress, brokerAddress);
    Path typesFile = StsSection.types(stsSection);
    Path policyFile = StsSection.policy(stsSection);
    DecisionSettings surroundings = DecisionSection.read(stsSection);
    List<String> givenBack = stsSection.texts("give-back");
    stsSection.done();
    problems.throwIfAny();
    StsConfig stsConfig = sts.orElseThrow();

    ConfigSection gatewaySection = root.section("gateway");
    Optional<ConfigSection> brokerSection =
        gatewaySection.has("vault") && !root.has("broker")
            ? Optional.empty()
            : Optional.of(root.section("broker"));
    Optional<BrokerConfig> broker =
        brokerSection.flatMap(
            section -> BrokerSection.read(section, keys, stsConfig.issuer(), mintLogin));
    brokerSection.ifPresent(ConfigSection::done);
    problems.throwIfAny();
    List<EmbeddedDatabase> embedded =
        brokerSection
            .map(section -> BrokerSection.embedded(section, broker.orElseThrow()))
            .orElse(List.of());

    Optional<GatewayConfig> gateway =
        GatewaySection.read(
            gatewaySection, stsConfig, broker, gatewaysSources(root.section("transmitter")));
    Path toolsFile = GatewaySection.tools(gatewaySection);
    gatewaySection.done();
    ConfigSection transmitterSection = root.section("transmitter");
    Optional<TransmitterConfig> transmitter =
        SignalsSection.transmitter(
            transmitterSection, root.section("receiver"), keys, stsConfig.issuer());
    transmitterSection.done();
    ConfigSection receiverSection = root.section("receiver");
    Optional<ReceiverConfig> receiver =
        ReceiverSection.read(
            receiverSection,
            transmitterAddress,
            stsConfig.issuer(),
            broker.map(BrokerConfig::baseUri));
    receiverSection.done();
    Optional<ConsoleConfig> console =
        root.optionalSection("console")
            .flatMap(section ->
                gateway.flatMap(config ->
                    ConsoleSection.read(section, config.resource(), stsConfig.issuer(), keys)));
    LedgerSettings ledger = LedgerSection.read(root.optionalSection("ledger"));
    Optional<TelemetrySettings> telemetry =
        root.optionalSection("telemetry").flatMap(TelemetrySection::read);
    Optional<ProveSettings> prove =
        root.optionalSection("prove")
            .flatMap(section -> ProveSection.read(section, stsConfig, broker));
    Development development = stage.flatMap(DevelopmentSection::read).orElseGet(Development::none);
    problems.throwIfAny();
    DecisionSettings decisions =
        surroundings.givingBack(
            DecisionSection.giveBack(stsSection, givenBack, broker, gateway.orElseThrow()));
    problems.throwIfAny();

    Tools tools;
    TypeRegistry types;
    Policy policy;
    if (earlier == null) {
      ConfigSection toolsRoot = ConfigFile.read(toolsFile, variables, problems);
      tools = ToolReader.read(toolsRoot, gateway.orElseThrow().databases().keySet());
      if (tools.needsExchange() && gateway.orElseThrow().mode() != GatewayConfig.Mode.TE) {
        gatewaySection.problem(
            "mode",
            "must be te where a server behind the gateway has another credential than a login: an"
                + " agent's own token is for this gateway, and only a login uses it up");
      }
      if (tools.hasProbe() && gateway.orElseThrow().mode() != GatewayConfig.Mode.TE) {
        gatewaySection.problem(
            "mode",
            "must be te where a tool has `elevation`: the gateway looks at the record first, with a"
                + " token that it gets by itself");
      }
      if (tools.needsExchange() && !decisions.giveBack().isEmpty()) {
        stsSection.problem(
            "give-back",
            "a server behind the gateway has another credential than a login, so the broker cannot"
                + " say whether a token was used; remove one of the two");
      }
      problems.throwIfAny();
      types = TypeRegistry.load(typesFile);
      policy = Policy.load(policyFile, types);
      StsBox.objections(stsConfig.stepUp(), decisions, policy)
          .forEach(missing -> problems.add(policyFile.toString(), "", missing));
      problems.throwIfAny();
    } else {
      tools = earlier.tools;
      types = earlier.types;
      policy = earlier.policy;
    }
    return new Installation(
        data,
        postgres,
        stsConfig,
        decisions,
        types,
        policy,
        List.of(policyFile, typesFile),
        broker,
        embedded,
        gateway.orElseThrow(),
        tools,
        transmitter.orElseThrow(),
        receiver.orElseThrow(),
        console,
        ledger,
        telemetry,
        prove,
        development);
  }

  /// The keys of this installation.
  public Keys keys() {
    var local = new HashSet<>(BOXES);
    local.addAll(development.workloads());
    return new Keys(data.resolve("keys"), local);
  }

  /// Whose private keys lie in the data folder, and are made there.
  private static Set<String> local(Optional<ConfigSection> development) {
    var local = new HashSet<>(BOXES);
    development.ifPresent(section -> local.addAll(section.texts("workloads")));
    return local;
  }

  /// The transmitter's sources in which the gateway may speak about whom it has no token of: a call
  /// that is blocked has none to show.
  private static Set<String> gatewaysSources(ConfigSection transmitter) {
    return transmitter.named("sources").entrySet().stream()
        .filter(source -> source.getValue().texts("workloads").contains("gateway"))
        .filter(source -> !source.getValue().has("shown-at"))
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  private static Optional<DatabaseSettings> postgres(ConfigSection section) {
    String url = section.text("url");
    String user = section.text("user");
    Secret password = section.secret("password");
    if (StateDatabase.isOurs(user)) {
      section.problem(
          "user",
          "names like countersign_… are those of the logins that are made here; name an"
              + " administrator's with CREATEROLE and CREATEDB");
    }
    section.done();
    return Sections.checked(section, "url", () -> new DatabaseSettings(url, user, password));
  }
}
