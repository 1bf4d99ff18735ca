package dev.countersign.console;

import dev.countersign.protocol.Secret;
import java.time.Instant;

/// A sign-in that has left for the provider and not come back.
///
/// @param browser the value of the cookie of the browser that left
/// @param verifier of PKCE
public record SignInAttempt(
    Provider provider, Secret browser, Secret nonce, Secret verifier, Instant startedAt) {}
