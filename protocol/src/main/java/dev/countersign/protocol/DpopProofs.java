package dev.countersign.protocol;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Verifies proofs of possession. It neither uses them up nor knows a token's binding: the caller
/// notes [Check.Proven#id] and compares [Check.Proven#thumbprint].
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-4.3 RFC 9449 §4.3
public final class DpopProofs {
  /// The algorithms that we accept in proofs.
  public static final List<String> ALGORITHMS = List.of("ES256", "EdDSA", "RS256", "PS256");

  private static final Set<String> ALGORITHM_SET = Set.copyOf(ALGORITHMS);
  private static final Set<String> TYPES = Set.of(TokenTypes.DPOP);
  private static final Duration LEEWAY = Duration.ofSeconds(30);
  private static final Duration MAX_AGE = Duration.ofMinutes(2);
  private static final int MAX_ID = 256;

  private final DpopNonces nonces;
  private final InstantSource clock;

  public DpopProofs(DpopNonces nonces, InstantSource clock) {
    this.nonces = nonces;
    this.clock = clock;
  }

  /// Verifies a proof for one request.
  ///
  /// @param method the request's method
  /// @param target the request's address as configuration knows it, never as headers say
  /// @param token the token that is presented with the proof, or null at the token endpoint
  public Check check(String proof, String method, URI target, @Nullable Secret token) {
    CompactJws jws;
    JWK key;
    try {
      jws = CompactJws.parse(proof);
      key = key(jws.header());
    } catch (MalformedJsonException malformed) {
      return new Check.Bad(String.valueOf(malformed.getMessage()));
    }
    String problem = JwtVerifier.headerProblem(jws.header(), TYPES, ALGORITHM_SET);
    if (problem != null) {
      return new Check.Bad(problem);
    }
    if (!JwtVerifier.isSigned(jws, new VerificationKey(key))) {
      return new Check.Bad("the signature does not verify with `jwk`");
    }
    try {
      return checked(
          new VerifiedJwt(jws.header(), jws.unverifiedClaims()), key, method, target, token);
    } catch (MalformedJsonException malformed) {
      return new Check.Bad(String.valueOf(malformed.getMessage()));
    }
  }

  private Check checked(
      VerifiedJwt jwt, JWK key, String method, URI target, @Nullable Secret token) {
    if (!method.equals(jwt.text("htm").orElse(""))) {
      return new Check.Bad("`htm` is not the method of the request");
    }
    if (!WebTargets.isSame(jwt.text("htu").orElse(""), target)) {
      return new Check.Bad("`htu` is not the address of the request");
    }
    String id = jwt.id().orElse("");
    if (id.isEmpty() || id.length() > MAX_ID) {
      return new Check.Bad("`jti` must have 1 to 256 characters");
    }
    JsonNode issuedAt = jwt.claims().path("iat");
    Instant now = clock.instant();
    if (!JwtVerifier.isTime(issuedAt)) {
      return new Check.Bad("`iat` must be whole seconds since 1970");
    }
    Instant issued = Instant.ofEpochSecond(issuedAt.longValue());
    if (issued.isAfter(now.plus(LEEWAY)) || issued.plus(MAX_AGE).plus(LEEWAY).isBefore(now)) {
      return new Check.Bad("`iat` is in the future or too long ago");
    }
    if (token != null && !Digest.sha256(token.reveal()).equals(jwt.text("ath").orElse(""))) {
      return new Check.Bad("`ath` is not the digest of the token");
    }
    if (!nonces.isFresh(jwt.text("nonce").orElse(""))) {
      return new Check.NonceNeeded();
    }
    return new Check.Proven(
        VerificationKey.thumbprint(key),
        Digest.sha256(id),
        issued.plus(MAX_AGE).plus(LEEWAY).plus(LEEWAY));
  }

  private static JWK key(ObjectNode header) {
    JsonNode jwk = header.path("jwk");
    if (!jwk.isObject()) {
      throw new MalformedJsonException("the header must hold the public key in `jwk`");
    }
    JWK key;
    try {
      key = JWK.parse(StrictJson.write(jwk));
    } catch (ParseException | IllegalArgumentException malformed) {
      throw new MalformedJsonException("`jwk` is not a key");
    }
    boolean strong =
        switch (key) {
          case RSAKey rsa -> SoundRsa.isSound(rsa);
          case ECKey _, OctetKeyPair _ -> true;
          default -> false;
        };
    if (!strong || key.isPrivate()) {
      throw new MalformedJsonException("`jwk` must be a public key of today, and nothing more");
    }
    return key;
  }

  /// The nonce that the next proof must carry.
  public String nonce() {
    return nonces.current();
  }

  /// How the verification of a proof ended.
  public sealed interface Check {
    /// The proof is good if this is its first use.
    ///
    /// @param thumbprint of the key that signed it: `cnf.jkt`
    /// @param id a digest of its `jti`
    /// @param forgetAt from when its use may be forgotten
    record Proven(String thumbprint, String id, Instant forgetAt) implements Check {}

    /// The proof lacks a nonce of ours, or has an old one.
    record NonceNeeded() implements Check {}

    /// The proof is not acceptable.
    record Bad(String reason) implements Check {}
  }
}
