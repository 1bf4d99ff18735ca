package dev.countersign.signals.transmit;

import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Holds a source to its own people: it shows an on-behalf-of token of the person, for its own
/// resource, fresh from the token service. Whoever takes over such a source can end the sessions of
/// those who act there at that moment, and nobody else's.
///
/// Threads may share it.
final class ShownTokens {
  /// An event follows the call that it is about by so much.
  private static final Duration LEEWAY = Duration.ofSeconds(60);

  private final Map<String, JwtVerifier> verifiers = new HashMap<>();

  ShownTokens(TransmitterConfig config, InstantSource clock) {
    for (TransmitterConfig.Source source : config.sources()) {
      if (source.shownAt().isPresent()) {
        config.authorizations().stream()
            .filter(server -> server.issuer().equals(source.subjectIssuer()))
            .findFirst()
            .ifPresent(server -> {
              var rules =
                  new JwtRules(
                      server.issuer(),
                      Set.of(source.shownAt().get()),
                      Set.of("at+jwt"),
                      JwtRules.OWN_ALGORITHMS,
                      LEEWAY,
                      Duration.ZERO);
              verifiers.put(source.id(), new JwtVerifier(rules, server.keys(), clock));
            });
      }
    }
  }

  /// What speaks against an event of a source that must show a token.
  ///
  /// @throws UnavailableException if the token service's keys cannot be had
  Optional<String> objection(TransmitterConfig.Source source, IncomingEvent event) {
    if (source.shownAt().isEmpty()) {
      return Optional.empty();
    }
    JwtVerifier verifier = verifiers.get(source.id());
    Optional<Secret> token = event.shown();
    if (token.isEmpty() || verifier == null) {
      return Optional.of("the source must show an on-behalf-of token of the person");
    }
    return switch (verifier.verify(token.get().reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) ->
          jwt.claims().has("act")
                  && jwt.text("sub").filter(event.subject().sub()::equals).isPresent()
              ? Optional.empty()
              : Optional.of("`shown_token` is not an on-behalf-of token of this person");
      case JwtCheck.Rejected(String reason) -> Optional.of("`shown_token`: " + reason);
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }
}
