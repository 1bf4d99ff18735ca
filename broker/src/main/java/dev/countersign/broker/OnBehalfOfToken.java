package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import java.time.Instant;

/// A verified on-behalf-of token, as far as the broker reads it.
///
/// @param subject `sub`, the person as `anchor|stable id`
/// @param client `client_id`, equal to `act.sub`: the STS client that acts for the person
/// @param details `authorization_details`, what was decided and signed
/// @spec https://www.rfc-editor.org/rfc/rfc9068#section-2.2 RFC 9068 §2.2
public record OnBehalfOfToken(
    TokenId id,
    String subject,
    String client,
    Instant issuedAt,
    Instant expiresAt,
    AuthorizationDetails details) {}
