package dev.countersign.signals.transmit.http;

import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Checks OAuth access tokens for the management of streams. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-4 RFC 9068 §4
/// @spec https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750 §3.1
final class AccessTokens {
  private static final Duration LEEWAY = Duration.ofSeconds(10);

  /// The longest life that the interoperability profile grants such a token.
  private static final Duration MAX_AGE = Duration.ofMinutes(60);

  private static final int MAX_CLIENT = 255;

  private final Map<String, JwtVerifier> verifiers = new HashMap<>();

  AccessTokens(TransmitterConfig config, InstantSource clock) {
    for (TransmitterConfig.Authorization server : config.authorizations()) {
      var rules =
          new JwtRules(
              server.issuer(),
              Set.of(config.issuer().toString()),
              Set.of("at+jwt"),
              JwtRules.OWN_ALGORITHMS,
              LEEWAY,
              MAX_AGE);
      verifiers.put(server.issuer(), new JwtVerifier(rules, server.keys(), clock));
    }
  }

  /// Checks one token.
  Result check(String token) {
    JwtVerifier verifier = verifiers.get(JwtVerifier.unverifiedIssuer(token).orElse(""));
    if (verifier == null) {
      return new Result.Refused("the token is not of an issuer that is accepted here");
    }
    return switch (verifier.verify(token)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> checked(jwt);
      case JwtCheck.Rejected(String reason) -> new Result.Refused("token: " + reason);
      case JwtCheck.Unavailable(String reason) -> new Result.Away(reason);
    };
  }

  private static Result checked(VerifiedJwt jwt) {
    String client = jwt.text("client_id").orElse("");
    if (client.isEmpty() || client.length() > MAX_CLIENT) {
      return new Result.Refused("token: `client_id` is missing");
    }
    // Whoever acts for somebody else, or must prove a key, is not let in by the bare token.
    if (jwt.claims().has("act") || jwt.claims().has("cnf")) {
      return new Result.Refused("token: it is bound to a key, or somebody acts for another");
    }
    if (jwt.expiresAt().isAfter(jwt.issuedAt().orElseThrow().plus(MAX_AGE))) {
      return new Result.Refused("token: it lives longer than an hour");
    }
    return new Result.Caller(client, List.of(jwt.text("scope").orElse("").split(" ", -1)));
  }

  /// How it ended.
  sealed interface Result {
    /// Whose token it is, and what it is for.
    record Caller(String client, List<String> scopes) implements Result {
      public Caller {
        scopes = List.copyOf(scopes);
      }
    }

    /// The token is not accepted.
    record Refused(String reason) implements Result {}

    /// The issuer's keys cannot be had.
    record Away(String reason) implements Result {}
  }
}
