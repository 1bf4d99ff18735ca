package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Verifies the on-behalf-of tokens that one role accepts: of our STS, for exactly the role's
/// audience.
///
/// Threads may share it.
public final class OnBehalfOfTokens {
  private static final int MAX_TEXT = 256;
  private static final String KEY = "jkt";
  private static final String CERTIFICATE = "x5t#S256";
  private static final Pattern THUMBPRINT = Pattern.compile("[A-Za-z0-9_-]{43}");

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
    JsonNode actor = jwt.claims().path("act").path("sub");
    if (!actor.isString()
        || actor.stringValue().isEmpty()
        || actor.stringValue().length() > MAX_TEXT) {
      return new Result.Rejected("`act.sub` must have 1 to 256 characters");
    }
    Optional<OnBehalfOfToken.Binding> binding = binding(jwt.claims().path("cnf"));
    if (binding.isEmpty()) {
      return new Result.Rejected("`cnf` must have `jkt`, `x5t#S256` or both, and nothing else");
    }
    try {
      return new Result.Verified(
          new OnBehalfOfToken(
              new TokenId(jwt.issuer(), jwt.id().orElseThrow()),
              jwt.text("sub").orElseThrow(),
              jwt.text("client_id").orElseThrow(),
              actor.stringValue(),
              jwt.issuedAt().orElseThrow(),
              jwt.expiresAt(),
              AuthorizationDetails.of(jwt.claims().path("authorization_details")),
              TypeVersions.of(jwt.claims().path(TypeVersions.CLAIM)),
              binding.get()));
    } catch (WireException malformed) {
      return new Result.Rejected(malformed.description());
    } catch (MalformedJsonException malformed) {
      return new Result.Rejected(String.valueOf(malformed.getMessage()));
    }
  }

  // A way of binding that we do not know would otherwise count as none.
  private static Optional<OnBehalfOfToken.Binding> binding(JsonNode cnf) {
    if (cnf.isMissingNode()) {
      return Optional.of(OnBehalfOfToken.Binding.NONE);
    }
    boolean isKnown =
        cnf instanceof ObjectNode object
            && !object.isEmpty()
            && Set.of(KEY, CERTIFICATE).containsAll(object.propertyNames())
            && object.values().stream().allMatch(OnBehalfOfTokens::isThumbprint);
    return isKnown
        ? Optional.of(
            new OnBehalfOfToken.Binding(
                cnf.path(KEY).asString(""), cnf.path(CERTIFICATE).asString("")))
        : Optional.empty();
  }

  private static boolean isThumbprint(JsonNode value) {
    return value.isString() && THUMBPRINT.matcher(value.stringValue()).matches();
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
