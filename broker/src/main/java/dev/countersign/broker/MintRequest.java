package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import java.util.Optional;

/// One request for a credential.
///
/// @param role the role's name as the path has it
/// @param assertion the presenter's proof
/// @param token the on-behalf-of token
/// @param claims what the body repeats of the token, as older clients do
public record MintRequest(String role, Secret assertion, Secret token, Optional<Claims> claims) {

  /// Claims in the body. They must equal the token's and decide nothing.
  public record Claims(String jti, AuthorizationDetails details) {}
}
