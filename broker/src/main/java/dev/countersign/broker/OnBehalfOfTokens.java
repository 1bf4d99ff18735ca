package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import java.time.InstantSource;
import tools.jackson.databind.JsonNode;

/// Verifies the on-behalf-of tokens that one role accepts: of our STS, for exactly the role's
/// audience.
///
/// Threads may share it.
public final class OnBehalfOfTokens {
  private static final int MAX_TEXT = 256;

  private final JwtVerifier verifier;

  public OnBehalfOfTokens(String issuer, String audience, KeySource keys, InstantSource clock) {
    verifier =
        new JwtVerifier(JwtRules.own(issuer, audience, TokenTypes.ACCESS_TOKEN), keys, clock);
  }

  /// Verifies one token.
  public Result verify(Secret token) {
    return switch (verifier.verify(token.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> read(jwt);
      case JwtCheck.Rejected(String reason) -> new Result.Rejected(reason);
      case JwtCheck.Unavailable(String reason) -> new Result.Unavailable(reason);
    };
  }

  private static Result read(VerifiedJwt jwt) {
    for (String claim : new String[] {"jti", "sub", "client_id"}) {
      String value = jwt.text(claim).orElse("");
      if (value.isEmpty() || value.length() > MAX_TEXT) {
        return new Result.Rejected("`" + claim + "` must have 1 to 256 characters");
      }
    }
    if (jwt.issuedAt().isEmpty()) {
      return new Result.Rejected("`iat` is missing");
    }
    String client = jwt.text("client_id").orElseThrow();
    JsonNode actor = jwt.claims().path("act").path("sub");
    if (!actor.isString() || !actor.stringValue().equals(client)) {
      return new Result.Rejected("`act.sub` must equal `client_id`");
    }
    try {
      return new Result.Verified(
          new OnBehalfOfToken(
              new TokenId(jwt.issuer(), jwt.id().orElseThrow()),
              jwt.text("sub").orElseThrow(),
              client,
              jwt.issuedAt().orElseThrow(),
              jwt.expiresAt(),
              AuthorizationDetails.of(jwt.claims().path("authorization_details"))));
    } catch (WireException malformed) {
      return new Result.Rejected(malformed.description());
    }
  }

  /// How a verification ended.
  public sealed interface Result {
    /// The token is good for this role.
    record Verified(OnBehalfOfToken token) implements Result {}

    /// The token is not accepted.
    ///
    /// @param reason names the claim, never its value
    record Rejected(String reason) implements Result {}

    /// Nobody can tell now: the STS's keys cannot be had.
    record Unavailable(String reason) implements Result {}
  }
}
