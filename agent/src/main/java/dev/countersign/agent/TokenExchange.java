package dev.countersign.agent;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import java.time.Duration;

/// The token service, as an agent that exchanges by itself sees it (Pattern B). Threads may share
/// it.
///
/// Every method throws [dev.countersign.protocol.UnavailableException] if there is no usable
/// answer.
public interface TokenExchange {

  /// Asks for a token for one call.
  ///
  /// @param subjectToken the person's token from their identity provider
  /// @param scope such as `refund:write`
  ExchangeResult exchangeToken(
      Secret subjectToken, String scope, AuthorizationDetails authorizationDetails);

  /// Looks at an approval, or holds the look until somebody has answered.
  ///
  /// @param hold how long at most; zero is a look
  ApprovalState look(ExchangeResult.StepUpRequired approval, Duration hold);

  /// The second leg: the approval's assertion and the same request again.
  ExchangeResult redeem(Secret assertion, String scope, AuthorizationDetails authorizationDetails);
}
