package dev.countersign.gateway;

import dev.countersign.protocol.Secret;
import java.util.List;

/// How an exchange at the STS ended. Every `jti` is the join key of the call; empty where the STS
/// gave none.
public sealed interface ExchangeResult {
  /// An on-behalf-of token, not yet checked.
  record Issued(Secret token, String jti) implements ExchangeResult {}

  /// A person must approve first.
  record ApprovalNeeded(Approval approval) implements ExchangeResult {}

  /// Policy says no.
  record Denied(String reason, String jti, List<String> reasons) implements ExchangeResult {
    public Denied {
      reasons = List.copyOf(reasons);
    }
  }

  /// The person's token is not, or no longer, accepted.
  record BadSubject(String reason, String jti) implements ExchangeResult {}

  /// The request was refused for another cause.
  ///
  /// @param code the OAuth error code
  record Refused(String code, String reason, String jti) implements ExchangeResult {}
}
