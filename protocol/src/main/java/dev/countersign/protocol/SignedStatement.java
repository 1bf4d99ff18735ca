package dev.countersign.protocol;

import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// A statement that somebody signed for good, such as a checkpoint of the ledger: a JWS of a kind
/// that no token has, without an end of validity. It is no credential; nobody is let in by it.
public final class SignedStatement {
  private static final Set<String> ALGORITHMS = Set.of("ES256");

  private SignedStatement() {}

  /// Reads a statement whose signature is good.
  ///
  /// @param type its `typ`
  /// @throws MalformedJsonException saying what is wrong with it
  public static ObjectNode verified(String text, String type, VerificationKeys keys) {
    CompactJws jws = CompactJws.parse(text);
    String wrong = JwtVerifier.headerProblem(jws.header(), Set.of(type), ALGORITHMS);
    if (wrong != null) {
      throw new MalformedJsonException(wrong);
    }
    if (!JwtVerifier.isSigned(jws, KeySource.of(keys))) {
      throw new MalformedJsonException("the signature does not verify with a known key");
    }
    return jws.unverifiedClaims();
  }
}
