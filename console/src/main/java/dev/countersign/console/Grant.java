package dev.countersign.console;

import dev.countersign.protocol.Secret;
import java.time.Instant;
import java.util.Optional;

/// What an identity provider gave for a person.
///
/// @param expiresAt when the bearer ends
/// @param refreshToken what it takes for the next one, where it gives any
public record Grant(Secret bearer, Instant expiresAt, Optional<Secret> refreshToken) {

  /// The same, with an earlier refresh token where none came with it (RFC 6749 §6).
  Grant orKeeping(Optional<Secret> earlier) {
    return new Grant(bearer, expiresAt, refreshToken.or(() -> earlier));
  }
}
