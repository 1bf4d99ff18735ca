package dev.countersign.gateway;

import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;

/// The STS as the gateway sees it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2 RFC 8693 §2
public interface TokenExchange {

  /// Exchanges the caller's bearer for a token for exactly these details.
  ///
  /// @throws UnavailableException if the STS is away
  ExchangeResult exchange(Caller.Person caller, Tool.Grant grant, AuthorizationDetails details);

  /// Looks where an approval stands.
  ///
  /// @throws UnavailableException if the STS is away
  ApprovalState look(Approval approval);

  /// Passes on the code that the person gave to a program of theirs. The STS takes it only from a
  /// client that is registered for that.
  ///
  /// @throws UnavailableException if the STS is away
  ApprovalState submit(Approval approval, Secret code);

  /// Redeems an approval, with the same details again.
  ///
  /// @throws UnavailableException if the STS is away
  ExchangeResult redeem(Secret assertion, Tool.Grant grant, AuthorizationDetails details);
}
