package dev.countersign.agent;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// How a token exchange ended. That the token service is away is no answer: it is thrown as
/// [dev.countersign.protocol.UnavailableException].
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2.2 RFC 8693 §2.2
public sealed interface ExchangeResult {
  /// The token for exactly the details that were asked for.
  ///
  /// @param jti joins the call to the audit
  /// @param life for how long it is good
  record OnBehalfOf(Secret token, String jti, Duration life) implements ExchangeResult {}

  /// A person must approve first; then the same exchange succeeds.
  ///
  /// @param page where they approve; the token service's own
  /// @param message what they are asked, in words
  /// @param number two digits that the page shows as well; may be empty
  /// @param challenge lets its holder look at this approval, and nothing else
  record StepUpRequired(
      String approvalId,
      URI page,
      Instant expiresAt,
      String message,
      String number,
      String jti,
      Secret challenge)
      implements ExchangeResult {}

  /// Policy or the person said no.
  ///
  /// @param code `access_denied`, or `approval_denied` and the like
  /// @param reason for a person
  /// @param reasons what policy said, rule by rule; may be empty
  record Denied(String code, String reason, String jti, List<String> reasons)
      implements ExchangeResult {
    public Denied {
      reasons = List.copyOf(reasons);
    }
  }

  /// The person's token is not, or no longer, accepted.
  record SignInRequired(String reason, String jti) implements ExchangeResult {}

  /// The request is one that this client may not make: wrong client, scope, target or details.
  ///
  /// @param code the OAuth error, such as `invalid_scope`
  record Refused(String code, String reason, String jti) implements ExchangeResult {}
}
