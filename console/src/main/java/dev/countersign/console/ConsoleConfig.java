package dev.countersign.console;

import dev.countersign.box.Listener;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The `console` section of the configuration, valid by construction.
///
/// @param address the console's address as browsers call it, without path; part of its redirect
///   URIs
/// @param gateway the MCP endpoint, such as `http://127.0.0.1:9403/mcp`
/// @param issuer the token service: asked every few seconds whether a person is still in, and told
///   by operators whose sessions end
/// @param providers in the order in which a person sees them; at least one
/// @param model of the chat; without one there is only the form
/// @param exchange what Pattern B needs; without it the chat offers Pattern A only
/// @param peers the other consoles of the installation, each by an address that leads to it alone
public record ConsoleConfig(
    Listener listener,
    URI address,
    URI gateway,
    URI issuer,
    List<Provider> providers,
    SessionLimits limits,
    Optional<ModelConfig> model,
    Optional<ExchangeConfig> exchange,
    List<URI> peers) {
  private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}|::1|localhost");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public ConsoleConfig {
    providers = List.copyOf(providers);
    peers = List.copyOf(peers);
    var problems = new ArrayList<String>();
    if (address.getHost() == null || !address.getRawPath().isEmpty()) {
      problems.add("`address` must be scheme, host and port only");
    }
    if (gateway.getHost() == null || gateway.getFragment() != null) {
      problems.add("`gateway` must be the URL of an MCP endpoint");
    }
    if (providers.isEmpty()) {
      problems.add("`providers` must name at least one identity provider");
    }
    if (peers.stream().anyMatch(peer -> peer.getHost() == null || !peer.getRawPath().isEmpty())) {
      problems.add("`peers` must be scheme, host and port only");
    }
    var ids = new HashSet<String>();
    providers.forEach(provider -> {
      if (!ids.add(provider.id())) {
        problems.add("`providers` names one provider twice");
      }
    });
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// A console that is alone.
  public ConsoleConfig(
      Listener listener,
      URI address,
      URI gateway,
      URI issuer,
      List<Provider> providers,
      SessionLimits limits,
      Optional<ModelConfig> model,
      Optional<ExchangeConfig> exchange) {
    this(listener, address, gateway, issuer, providers, limits, model, exchange, List.of());
  }

  /// Whether the operator's pages are shown: only where nobody else can reach them, since a key is
  /// all that guards them in this version.
  public boolean hasOperatorPages() {
    return LOOPBACK.matcher(listener.host()).matches();
  }

  /// Where the token service says whether a person is still in.
  public URI userInfo() {
    return URI.create(issuer + "/oauth2/userinfo");
  }

  /// Where a provider sends people back to.
  public URI redirectUri(Provider provider) {
    return URI.create(address + "/callback/" + provider.id());
  }
}
