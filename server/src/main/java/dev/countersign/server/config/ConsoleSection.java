package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.ExchangeConfig;
import dev.countersign.console.ModelConfig;
import dev.countersign.console.Provider;
import dev.countersign.console.SessionLimits;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads the `console` section.
final class ConsoleSection {
  private ConsoleSection() {}

  /// @param gateway the MCP endpoint that the console calls for people
  /// @param issuer the token service
  static Optional<ConsoleConfig> read(ConfigSection console, URI gateway, URI issuer, Keys keys) {
    var listener = Sections.listener(console);
    URI address = Sections.address(console, listener);
    var providers = new ArrayList<Provider>();
    console
        .named("providers")
        .forEach((id, section) -> provider(console, id, section).ifPresent(providers::add));
    Optional<SessionLimits> limits = limits(console);
    Optional<ModelConfig> model = console.optionalSection("model").flatMap(ConsoleSection::model);
    Optional<ExchangeConfig> exchange =
        console
            .optionalText("exchange-as")
            .map(client -> new ExchangeConfig(issuer, client, keys.own(client)));
    Optional<List<URI>> peers = peers(console);
    console.done();
    if (peers.isEmpty()) {
      return Optional.empty();
    }
    return limits.flatMap(known ->
        Sections.checked(
            console,
            "",
            () ->
                new ConsoleConfig(
                    listener,
                    address,
                    gateway,
                    issuer,
                    providers,
                    known,
                    model,
                    exchange,
                    peers.get())));
  }

  private static Optional<List<URI>> peers(ConfigSection console) {
    List<String> texts = console.texts("peers");
    return Sections.checked(
        console,
        "peers",
        () -> {
          if (!texts.stream().allMatch(text -> text.matches("https?://[A-Za-z0-9.:\\[\\]-]+"))) {
            throw new IllegalArgumentException("must be addresses such as https://host:port");
          }
          return texts.stream().map(URI::create).toList();
        });
  }

  private static Optional<SessionLimits> limits(ConfigSection console) {
    Optional<ConfigSection> sessions = console.optionalSection("sessions");
    if (sessions.isEmpty()) {
      return Optional.of(SessionLimits.STANDARD);
    }
    ConfigSection section = sessions.get();
    Duration idle = section.duration("idle", SessionLimits.STANDARD.idle());
    Duration absolute = section.duration("absolute", SessionLimits.STANDARD.absolute());
    section.done();
    return Sections.checked(console, "sessions", () -> new SessionLimits(idle, absolute));
  }

  private static Optional<ModelConfig> model(ConfigSection section) {
    URI url = section.uri("url");
    String name = section.text("name");
    Optional<Secret> key = section.optionalSecret("key");
    section.done();
    return Sections.checked(section, "", () -> new ModelConfig(url, name, key));
  }

  private static Optional<Provider> provider(
      ConfigSection console, String id, ConfigSection section) {
    String label = section.text("label");
    URI issuer = section.uri("issuer");
    String clientId = section.text("client-id");
    Optional<Secret> clientSecret = section.optionalSecret("client-secret");
    List<String> scopes = section.texts("scopes");
    Set<String> internal = Set.copyOf(section.texts("internal-hosts"));
    section.done();
    return Sections.checked(
        console,
        "providers",
        () -> new Provider(id, label, issuer, clientId, clientSecret, scopes, internal));
  }
}
