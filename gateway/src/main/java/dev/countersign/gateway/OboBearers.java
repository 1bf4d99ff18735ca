package dev.countersign.gateway;

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
import tools.jackson.databind.JsonNode;

/// Checks the on-behalf-of tokens that agents bring: of our STS, for this resource, of the type of
/// access tokens, with an actor. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-4 RFC 9068 §4
public final class OboBearers {
  private final String issuer;
  private final JwtVerifier tokens;

  /// @param keys the STS's
  public OboBearers(GatewayConfig config, KeySource keys, InstantSource clock) {
    this.issuer = config.upstreams().sts().toString();
    this.tokens =
        new JwtVerifier(
            JwtRules.own(issuer, config.resource().toString(), TokenTypes.ACCESS_TOKEN),
            keys,
            clock);
  }

  boolean isIssuer(String candidate) {
    return issuer.equals(candidate);
  }

  /// @param proven thumbprint of the key whose proof came with the token; empty where none did
  BearerCheck check(Secret token, Optional<String> proven) {
    return switch (tokens.verify(token.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> accept(jwt, token, proven);
      case JwtCheck.Rejected(String reason) ->
          new BearerCheck.Rejected("on-behalf-of token: " + reason);
      case JwtCheck.Unavailable(String reason) -> new BearerCheck.Unavailable(reason);
    };
  }

  private static BearerCheck accept(VerifiedJwt jwt, Secret token, Optional<String> proven) {
    String subject = jwt.text("sub").orElse("");
    String jti = jwt.id().orElse("");
    String actor = jwt.claims().path("act").path("sub").asString("");
    if (subject.isEmpty() || jti.isEmpty() || actor.isEmpty()) {
      return rejected("`sub`, `jti` or `act` is missing");
    }
    Optional<String> problem = bindingProblem(jwt.claims().path("cnf"), proven);
    if (problem.isPresent()) {
      return rejected(problem.get());
    }
    try {
      var details = AuthorizationDetails.of(jwt.claims().path("authorization_details"));
      TypeVersions versions = TypeVersions.of(jwt.claims().path(TypeVersions.CLAIM));
      return new BearerCheck.Accepted(
          new Caller.Agent(subject, actor, jti, details, versions, token));
    } catch (WireException malformed) {
      return rejected("`authorization_details` are missing or malformed");
    } catch (MalformedJsonException malformed) {
      return rejected(String.valueOf(malformed.getMessage()));
    }
  }

  /// A token that is bound counts with the proof of its key only, and a proof with a bound token
  /// only. A binding of another kind cannot be proven here.
  private static Optional<String> bindingProblem(JsonNode cnf, Optional<String> proven) {
    if (cnf.isMissingNode()) {
      return proven.map(_ -> "it is bound to no key, and came with a proof");
    }
    if (proven.isEmpty()) {
      return Optional.of("`cnf` asks for a proof, not for a bearer");
    }
    boolean isHeld =
        cnf.isObject() && cnf.size() == 1 && proven.get().equals(cnf.path("jkt").asString(""));
    return isHeld ? Optional.empty() : Optional.of("`cnf` names another key than the proof's");
  }

  private static BearerCheck rejected(String reason) {
    return new BearerCheck.Rejected("on-behalf-of token: " + reason);
  }
}
