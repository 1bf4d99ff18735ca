package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Provider;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads the `console` section.
final class ConsoleSection {
  private ConsoleSection() {}

  /// @param gateway the MCP endpoint that the console calls for people
  static Optional<ConsoleConfig> read(ConfigSection console, URI gateway) {
    var listener = Sections.listener(console);
    URI address = Sections.address(console, listener);
    var providers = new ArrayList<Provider>();
    console
        .named("providers")
        .forEach((id, section) -> provider(console, id, section).ifPresent(providers::add));
    console.done();
    return Sections.checked(
        console, "", () -> new ConsoleConfig(listener, address, gateway, providers));
  }

  private static Optional<Provider> provider(
      ConfigSection console, String id, ConfigSection section) {
    String label = section.text("label");
    URI issuer = section.uri("issuer");
    String clientId = section.text("client-id");
    List<String> scopes = section.texts("scopes");
    Set<String> internal = Set.copyOf(section.texts("internal-hosts"));
    section.done();
    return Sections.checked(
        console, "providers", () -> new Provider(id, label, issuer, clientId, scopes, internal));
  }
}
