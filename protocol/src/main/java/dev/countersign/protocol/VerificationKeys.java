package dev.countersign.protocol;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The public keys of one issuer, after our key policy: signature keys only, no symmetric or
/// private ones, sound RSA keys of 2048 to 8192 bits, no key id twice.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7517#section-5 RFC 7517 §5
public final class VerificationKeys {
  // A trust domain's keys for JWT-SVIDs say so instead of `sig`; those for X.509 are left out.
  static final String SVID = "jwt-svid";
  private static final int MAX_KEYS = 64;
  // Of a token without `kid`; one that names its key has one.
  static final int MAX_CANDIDATES = 4;

  private final List<VerificationKey> keys;

  private VerificationKeys(List<VerificationKey> keys) {
    this.keys = List.copyOf(keys);
  }

  /// Reads a JWK Set. Keys that our policy does not allow are left out.
  ///
  /// @throws MalformedJsonException if the set is malformed, names a key id twice or is too large
  public static VerificationKeys parse(byte[] jwkSet) {
    return parse(StrictJson.parseObject(jwkSet));
  }

  /// Reads a JWK Set.
  ///
  /// @throws MalformedJsonException if the set is malformed, names a key id twice or is too large
  public static VerificationKeys parse(ObjectNode jwkSet) {
    JsonNode list = jwkSet.path("keys");
    if (!list.isArray() || list.size() > MAX_KEYS) {
      throw new MalformedJsonException("`keys` must be an array of at most 64 keys");
    }
    var keys = new ArrayList<JWK>();
    var ids = new HashSet<String>();
    for (JsonNode entry : list) {
      JWK key = allowed(entry);
      if (key != null) {
        if (key.getKeyID() != null && !ids.add(key.getKeyID())) {
          throw new MalformedJsonException("a key id occurs twice in the key set");
        }
        keys.add(key);
      }
    }
    return new VerificationKeys(keys.stream().map(VerificationKey::new).toList());
  }

  /// A set of known public keys.
  public static VerificationKeys of(List<? extends JWK> keys) {
    return new VerificationKeys(
        keys.stream().map(key -> new VerificationKey(key.toPublicJWK())).toList());
  }

  /// The keys that a token with this header may have been signed with: the one with its `kid`, or,
  /// for a token without `kid`, those that suit the algorithm (at most four).
  List<VerificationKey> candidates(@Nullable String kid, JWSAlgorithm algorithm) {
    var candidates = new ArrayList<VerificationKey>(1);
    for (VerificationKey key : keys) {
      if ((kid == null || kid.equals(key.id()))
          && key.suits(algorithm)
          && candidates.size() < MAX_CANDIDATES) {
        candidates.add(key);
      }
    }
    return candidates;
  }

  /// Whether there is no key at all that may verify.
  public boolean isEmpty() {
    return keys.isEmpty();
  }

  /// Whether this public key is here, whatever its id.
  public boolean holds(JWK publicKey) {
    return holds(VerificationKey.thumbprint(publicKey));
  }

  /// Whether a public key with this RFC 7638 thumbprint is here.
  public boolean holds(String thumbprint) {
    return keys.stream().anyMatch(key -> key.thumbprint().equals(thumbprint));
  }

  /// The keys of several sets, as one.
  public static VerificationKeys union(List<VerificationKeys> sets) {
    return new VerificationKeys(sets.stream().flatMap(set -> set.keys.stream()).toList());
  }

  /// Whether a key with this id is here.
  public boolean has(String kid) {
    return keys.stream().anyMatch(key -> kid.equals(key.id()));
  }

  /// How many keys there are to verify with.
  public int size() {
    return keys.size();
  }

  private static @Nullable JWK allowed(JsonNode entry) {
    JWK key;
    try {
      key = JWK.parse(StrictJson.write(entry));
    } catch (ParseException | IllegalArgumentException unknown) {
      return null;
    }
    boolean forSignatures =
        (key.getKeyUse() == null
                || KeyUse.SIGNATURE.equals(key.getKeyUse())
                || SVID.equals(key.getKeyUse().identifier()))
            && (key.getKeyOperations() == null
                || key.getKeyOperations().contains(KeyOperation.VERIFY));
    boolean strong =
        switch (key) {
          case RSAKey rsa -> SoundRsa.isSound(rsa);
          case ECKey _ -> true;
          case OctetKeyPair pair -> Curve.Ed25519.equals(pair.getCurve());
          default -> false;
        };
    return forSignatures && strong && !key.isPrivate() ? key : null;
  }
}
