package dev.countersign.sts;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.ReplayGuard;
import dev.countersign.protocol.TokenTypes;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The registered clients and how they prove themselves: `private_key_jwt`, each assertion once.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523 §2.2
public final class Clients {
  private final Map<String, Client> byId = new LinkedHashMap<>();
  private final PresenterAssertion.Checker checker;

  public Clients(String issuer, List<Client> clients, ReplayGuard replays, InstantSource clock) {
    var keys = new LinkedHashMap<String, KeySource>();
    for (Client client : clients) {
      byId.put(client.id(), client);
      keys.put(client.id(), client.keys());
    }
    checker = new PresenterAssertion.Checker(Set.of(issuer), keys, replays, clock);
  }

  /// Authenticates the client of a token request.
  ClientCheck authenticate(Map<String, String> form) {
    String assertion = form.get("client_assertion");
    if (assertion == null
        || !TokenTypes.JWT_CLIENT_ASSERTION.equals(form.get("client_assertion_type"))) {
      return new ClientCheck.Unknown(
          "the client must authenticate with client_assertion and client_assertion_type");
    }
    return switch (checker.check(assertion)) {
      case PresenterAssertion.Result.Presenter(String name) -> named(form, name);
      case PresenterAssertion.Result.Refused(String reason) ->
          new ClientCheck.Unknown("client_" + reason.replaceFirst("^the ", ""));
    };
  }

  private ClientCheck named(Map<String, String> form, String name) {
    String claimed = form.get("client_id");
    Optional<Client> client = Optional.ofNullable(byId.get(name));
    return client.isPresent() && (claimed == null || claimed.equals(name))
        ? new ClientCheck.Known(client.get())
        : new ClientCheck.Unknown("client_id is not the client of client_assertion");
  }

  /// How a client's authentication ended.
  sealed interface ClientCheck {
    /// The client proved its key.
    record Known(Client client) implements ClientCheck {}

    /// Nobody is proven.
    record Unknown(String reason) implements ClientCheck {}
  }
}
