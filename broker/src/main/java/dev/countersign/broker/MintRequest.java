package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import java.util.Optional;

/// One request for a credential.
///
/// @param path what is asked for
/// @param proof who is asking
/// @param token the on-behalf-of token
/// @param claims what the body repeats of the token, as older clients do
public record MintRequest(
    MintPath path, PresenterProof proof, Secret token, Optional<Claims> claims) {

  /// The role's name as the path has it.
  public String role() {
    return path.role();
  }

  /// Claims in the body. They must equal the token's and decide nothing.
  public record Claims(String jti, AuthorizationDetails details) {}
}
