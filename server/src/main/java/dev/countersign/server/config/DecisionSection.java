package dev.countersign.server.config;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.config.ConfigSection;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.DecisionSettings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Reads what the `sts` section says about decisions besides the policy: who is told, who else
/// decides, and who may ask.
final class DecisionSection {
  private static final Duration TIMEOUT = Duration.ofMillis(500);

  private DecisionSection() {}

  static DecisionSettings read(ConfigSection sts) {
    var told = new TreeMap<String, DecisionSettings.Told>();
    sts.named("notify")
        .forEach((name, section) -> told(section).ifPresent(one -> told.put(name, one)));
    Optional<DecisionSettings.Outside> outside =
        sts.optionalSection("decision-point").flatMap(DecisionSection::outside);
    var callers = new TreeMap<String, DecisionSettings.Caller>();
    Optional<ConfigSection> authzen = sts.optionalSection("authzen");
    if (authzen.isPresent()) {
      Map<String, ConfigSection> sections = authzen.get().named("callers");
      authzen.get().done();
      if (sections.isEmpty()) {
        authzen.get().problem("callers", "name at least one program that may ask");
      }
      sections.forEach((name, section) -> caller(section).ifPresent(one -> callers.put(name, one)));
    }
    Optional<DecisionSettings.Blocked> blocked =
        sts.optionalSection("kill-after-blocked").flatMap(DecisionSection::blocked);
    Optional<AntennaIngest> antenna =
        sts.optionalSection("antenna").flatMap(DecisionSection::antenna);
    return new DecisionSettings(told, Map.of(), outside, callers, blocked, antenna);
  }

  /// The audiences whose unused grants are given back, each with the broker that knows. A broker of
  /// somebody else cannot say whether a token was used.
  static Map<String, URI> giveBack(
      ConfigSection sts,
      List<String> audiences,
      Optional<BrokerConfig> broker,
      GatewayConfig gateway) {
    var brokers = new TreeMap<String, URI>();
    for (String audience : audiences) {
      if (broker.stream()
          .flatMap(config -> config.roles().stream())
          .noneMatch(role -> role.access().audience().equals(audience))) {
        sts.problem("give-back", "names an audience that no role of the broker is for");
      } else if (gateway.upstreams().vault().isPresent()
          && gateway.resource().toString().equals(audience)) {
        sts.problem(
            "give-back",
            "the gateway takes its logins from `gateway.vault`, which cannot say whether a token"
                + " was used; remove one of the two");
      } else {
        brokers.put(audience, broker.orElseThrow().baseUri());
      }
    }
    return brokers;
  }

  private static Optional<DecisionSettings.Blocked> blocked(ConfigSection section) {
    int calls = (int) section.integer("calls");
    Duration within = section.duration("within", Duration.ofMinutes(5));
    section.done();
    return Sections.checked(section, "calls", () -> new DecisionSettings.Blocked(calls, within));
  }

  /// An IBM Antenna that takes the place of our transmitter.
  static Optional<AntennaIngest> antenna(ConfigSection section) {
    URI address = section.uri("address");
    String source = section.text("source");
    section.done();
    return Sections.checked(section, "address", () -> new AntennaIngest(address, source));
  }

  private static Optional<DecisionSettings.Told> told(ConfigSection section) {
    List<String> mail = section.texts("mail");
    Optional<URI> webhook = section.optionalUri("webhook");
    section.done();
    return Sections.checked(
        section, "mail", () -> new DecisionSettings.Told(mail, webhook.orElse(null)));
  }

  private static Optional<DecisionSettings.Outside> outside(ConfigSection section) {
    URI url = section.uri("url");
    String mode = section.text("mode");
    Optional<Secret> token = section.optionalSecret("token");
    Duration timeout = section.duration("timeout", TIMEOUT);
    section.done();
    if (!mode.equals("also") && !mode.equals("instead")) {
      section.problem(
          "mode", "must be also (both must permit) or instead (our rules are not asked)");
      return Optional.empty();
    }
    return Sections.checked(
        section,
        "url",
        () ->
            new DecisionSettings.Outside(mode.equals("instead"), url, token.orElse(null), timeout));
  }

  private static Optional<DecisionSettings.Caller> caller(ConfigSection section) {
    Secret token = section.secret("token");
    String client = section.text("client");
    List<String> anchors = section.texts("anchors");
    boolean isTrusted = section.flag("trust-facts", false);
    boolean isOperator = section.flag("operator", false);
    section.done();
    if (anchors.isEmpty()) {
      section.problem("anchors", "name the trust anchors whose people it may ask about");
    }
    return Sections.checked(
        section,
        "token",
        () ->
            new DecisionSettings.Caller(token, client, Set.copyOf(anchors), isTrusted, isOperator));
  }
}
