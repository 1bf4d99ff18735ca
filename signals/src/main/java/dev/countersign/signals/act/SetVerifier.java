package dev.countersign.signals.act;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.signals.MalformedEventException;
import dev.countersign.signals.SecurityEvent;
import dev.countersign.signals.SecurityEventToken;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Verifies security event tokens of one transmitter for one audience: form, header, issuer, key,
/// signature, then claims; nothing is believed before the signature is checked.
///
/// It stands beside [dev.countersign.protocol.JwtVerifier] because that one demands the `exp` which
/// this kind of token must not have. Threads may share it.
///
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-4.1 SSF 1.0
///   §4.1
/// @spec https://www.rfc-editor.org/rfc/rfc8417#section-2 RFC 8417 §2
public final class SetVerifier {
  private static final Pattern SHAPE =
      Pattern.compile("([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)");
  private static final int MAX_LENGTH = 16 * 1024;
  private static final int MAX_KID = 256;
  private static final int MIN_RSA_BITS = 2048;
  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(JWSAlgorithm.ES256, JWSAlgorithm.RS256);

  private final String issuer;
  private final String audience;
  private final TransmitterKeys keys;
  private final InstantSource clock;

  public SetVerifier(String issuer, String audience, TransmitterKeys keys, InstantSource clock) {
    this.issuer = issuer;
    this.audience = audience;
    this.keys = keys;
    this.clock = clock;
  }

  /// Verifies one token.
  public SetCheck verify(String token) {
    try {
      Parts parts = Parts.parse(token);
      JWSAlgorithm algorithm = checkHeader(parts.header());
      if (!issuer.equals(parts.unverifiedClaims().path("iss").asString(""))) {
        return rejected(SetError.Code.INVALID_ISSUER, "`iss` is not the transmitter's");
      }
      if (!isSigned(parts, algorithm)) {
        return rejected(
            SetError.Code.INVALID_KEY,
            "the signature does not verify with a key of the transmitter");
      }
      return checkClaims(parts.unverifiedClaims());
    } catch (KeyRefused refused) {
      return rejected(SetError.Code.INVALID_KEY, String.valueOf(refused.getMessage()));
    } catch (MalformedEventException malformed) {
      return rejected(SetError.Code.INVALID_REQUEST, malformed.description());
    } catch (MalformedJsonException malformed) {
      return rejected(SetError.Code.INVALID_REQUEST, String.valueOf(malformed.getMessage()));
    } catch (KeySource.KeysUnavailableException away) {
      return new SetCheck.Undecided(String.valueOf(away.getMessage()));
    }
  }

  private static JWSAlgorithm checkHeader(ObjectNode header) {
    var algorithm = new JWSAlgorithm(header.path("alg").asString(""));
    if (!ALGORITHMS.contains(algorithm)) {
      throw new KeyRefused("`alg` must be ES256 or RS256");
    }
    if (header.has("crit") || header.has("b64") || header.has("zip")) {
      throw new MalformedEventException("`crit`, `b64` and `zip` are not understood");
    }
    JsonNode kid = header.path("kid");
    if (!kid.isString() || kid.stringValue().isEmpty() || kid.stringValue().length() > MAX_KID) {
      throw new KeyRefused("`kid` must be a string of 1 to 256 characters");
    }
    String type = header.path("typ").asString("").toLowerCase(Locale.ROOT);
    if (!type.equals(TokenTypes.SECURITY_EVENT)
        && !type.equals("application/" + TokenTypes.SECURITY_EVENT)) {
      throw new MalformedEventException("`typ` must be `" + TokenTypes.SECURITY_EVENT + "`");
    }
    return algorithm;
  }

  private boolean isSigned(Parts parts, JWSAlgorithm algorithm) {
    var header = new JWSHeader.Builder(algorithm).build();
    for (JWK key : keys.keys(parts.header().path("kid").stringValue())) {
      try {
        Optional<JWSVerifier> verifier = verifier(key, algorithm);
        if (verifier.isPresent()
            && verifier.get().verify(header, parts.signingBytes(), parts.signature())) {
          return true;
        }
      } catch (JOSEException wrongKey) {
        // A key that cannot check this signature does not confirm it; the next may.
      }
    }
    return false;
  }

  private static Optional<JWSVerifier> verifier(JWK key, JWSAlgorithm algorithm)
      throws JOSEException {
    boolean forSignatures = key.getKeyUse() == null || KeyUse.SIGNATURE.equals(key.getKeyUse());
    boolean forThis = key.getAlgorithm() == null || algorithm.equals(key.getAlgorithm());
    if (!forSignatures || !forThis) {
      return Optional.empty();
    }
    return switch (key) {
      case ECKey ec
          when JWSAlgorithm.ES256.equals(algorithm) && Curve.P_256.equals(ec.getCurve()) ->
          Optional.of(new ECDSAVerifier(ec));
      case RSAKey rsa when JWSAlgorithm.RS256.equals(algorithm) && rsa.size() >= MIN_RSA_BITS ->
          Optional.of(new RSASSAVerifier(rsa));
      default -> Optional.empty();
    };
  }

  private SetCheck checkClaims(ObjectNode claims) {
    if (!isForUs(claims.path("aud"))) {
      return rejected(SetError.Code.INVALID_AUDIENCE, "`aud` is not this receiver");
    }
    SecurityEventToken token = SecurityEventToken.parse(issuer, audience, claims);
    Instant latest = clock.instant().plus(SecurityEvent.CLOCK_TOLERANCE);
    if (token.issuedAt().isAfter(latest)) {
      return rejected(SetError.Code.INVALID_REQUEST, "`iat` is in the future");
    }
    if (claims.has("nbf")) {
      return rejected(SetError.Code.INVALID_REQUEST, "`nbf` is not used in this kind of token");
    }
    return new SetCheck.Accepted(token);
  }

  private boolean isForUs(JsonNode value) {
    JsonNode only = value.isArray() && value.size() == 1 ? value.get(0) : value;
    return only.isString() && audience.equals(only.stringValue());
  }

  private static SetCheck rejected(SetError.Code code, String description) {
    return new SetCheck.Rejected(new SetError(code, description));
  }

  /// A header that names no key that may be used.
  private static final class KeyRefused extends RuntimeException {
    KeyRefused(String message) {
      super(message);
    }
  }

  /// A token in its one spelling; not verified.
  private record Parts(
      ObjectNode header, ObjectNode unverifiedClaims, String signingInput, Base64URL signature) {

    static Parts parse(String token) {
      if (token.length() > MAX_LENGTH) {
        throw new MalformedEventException("the token is longer than 16 KiB");
      }
      var parts = SHAPE.matcher(token);
      if (!parts.matches()) {
        throw new MalformedEventException("the token is not a signed JWT of three base64url parts");
      }
      canonical(parts.group(3));
      return new Parts(
          StrictJson.parseObject(canonical(parts.group(1))),
          StrictJson.parseObject(canonical(parts.group(2))),
          token.substring(0, parts.start(3) - 1),
          new Base64URL(parts.group(3)));
    }

    byte[] signingBytes() {
      return signingInput.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] canonical(String part) {
      byte[] bytes;
      try {
        bytes = Base64.getUrlDecoder().decode(part);
      } catch (IllegalArgumentException malformed) {
        throw new MalformedEventException("a part of the token is not base64url");
      }
      if (!Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(part)) {
        throw new MalformedEventException("a part of the token is not canonical base64url");
      }
      return bytes;
    }
  }
}
