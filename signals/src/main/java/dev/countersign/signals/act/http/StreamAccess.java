package dev.countersign.signals.act.http;

import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.Wire;
import dev.countersign.signals.act.Inbound;
import java.time.InstantSource;
import java.util.Map;

/// How a transmitter's stream management knows us: what to send with each call.
public interface StreamAccess {

  /// What to send with one call.
  ///
  /// @param audience the transmitter's issuer
  /// @throws UnavailableException if no proof can be had now
  Map<String, String> headers(String audience);

  /// What was sent was not accepted: the next call gets something new, where there is anything.
  default void forget() {}

  /// By the assertion of our own workload, at our own transmitter.
  static StreamAccess workload(PresenterAssertion.Maker self) {
    return audience -> Map.of(PresenterAssertion.HEADER, self.assertion(audience));
  }

  /// As somebody else's transmitter wants.
  static StreamAccess of(Inbound.Access access, Wire client, InstantSource clock) {
    return switch (access) {
      case Inbound.Access.Token token ->
          _ -> Map.of("Authorization", "Bearer " + token.bearer().reveal());
      case Inbound.Access.Client own ->
          new ByClientCredentials(
              new ClientCredentials(
                  own.tokenEndpoint(),
                  own.clientId(),
                  own.proof(),
                  own.scope(),
                  "see that the client and its scope are registered there",
                  client,
                  clock));
    };
  }

  /// By access tokens.
  final class ByClientCredentials implements StreamAccess {
    private final ClientCredentials credentials;

    private ByClientCredentials(ClientCredentials credentials) {
      this.credentials = credentials;
    }

    @Override
    public Map<String, String> headers(String audience) {
      return switch (credentials.access()) {
        case ClientCredentials.Token token -> Map.of("Authorization", token.bearer());
        case ClientCredentials.Refused(var why) ->
            throw new UnavailableException(
                "the token endpoint of the transmitter answers " + why.status(), null);
      };
    }

    @Override
    public void forget() {
      credentials.forget();
    }
  }
}
