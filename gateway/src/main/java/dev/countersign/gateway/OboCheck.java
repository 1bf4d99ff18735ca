package dev.countersign.gateway;

import dev.countersign.gateway.tools.KnownVersions;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Checks the on-behalf-of token that came back, before it is used: ours, for the resource that it
/// was asked for, for this person, through this gateway, and for exactly the details that were
/// asked for. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-4 RFC 9068 §4
public final class OboCheck {
  static final String OTHER_VERSION =
      "it was decided by a version of a type that the tool is not written for";

  private final Function<String, JwtVerifier> verifiers;
  private final Map<String, JwtVerifier> byAudience = new ConcurrentHashMap<>();
  private final String resource;
  private final String workload;

  /// @param keys the STS's
  public OboCheck(GatewayConfig config, KeySource keys, InstantSource clock) {
    this.verifiers =
        audience ->
            new JwtVerifier(
                JwtRules.own(
                    config.upstreams().sts().toString(), audience, TokenTypes.ACCESS_TOKEN),
                keys,
                clock);
    this.resource = config.resource().toString();
    this.workload = config.workload();
  }

  /// What was asked for.
  ///
  /// @param versions of the details' types, those that the tool is written for
  /// @param audience empty for this gateway itself
  record Wanted(AuthorizationDetails details, KnownVersions versions, Optional<String> audience) {}

  /// Says what is wrong with a token, or nothing.
  ///
  /// @throws UnavailableException if the STS's keys cannot be had
  Optional<String> problem(Secret token, String jti, Caller.Person caller, Wanted wanted) {
    JwtVerifier tokens = byAudience.computeIfAbsent(wanted.audience().orElse(resource), verifiers);
    return switch (tokens.verify(token.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) ->
          Optional.ofNullable(mismatch(jwt, jti, caller, wanted));
      case JwtCheck.Rejected(String reason) -> Optional.of(reason);
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private @Nullable String mismatch(
      VerifiedJwt jwt, String jti, Caller.Person caller, Wanted wanted) {
    if (jti.isEmpty() || !jti.equals(jwt.id().orElse(""))) {
      return "`jti` is not the one of the answer";
    }
    if (!caller.subject().equals(jwt.text("sub").orElse(""))) {
      return "`sub` is not the caller";
    }
    if (!workload.equals(jwt.claims().path("act").path("sub").asString(""))) {
      return "`act` is not this gateway";
    }
    try {
      if (!wanted
          .details()
          .equals(AuthorizationDetails.of(jwt.claims().path("authorization_details")))) {
        return "`authorization_details` are not the requested ones";
      }
      TypeVersions decided = TypeVersions.of(jwt.claims().path(TypeVersions.CLAIM));
      return wanted.versions().cover(wanted.details(), decided) ? null : OTHER_VERSION;
    } catch (WireException | MalformedJsonException malformed) {
      return "`authorization_details` are malformed";
    }
  }
}
