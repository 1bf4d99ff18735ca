package dev.countersign.gateway;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Instant;

/// A person must approve this call first.
///
/// @param id names the pending approval; opens nothing
/// @param page where the person approves, served by the STS
/// @param message the sentence that the person sees
/// @param number two digits that the page shows as well, so that a person sees which request it is;
///   or empty
/// @param challenge opens the approval's status; never shown to anybody
public record Approval(
    String id,
    URI page,
    Instant expiresAt,
    String message,
    String number,
    String jti,
    Secret challenge) {}
