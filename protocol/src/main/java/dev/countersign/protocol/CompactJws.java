package dev.countersign.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A JWS in compact form that passed the pre-check: three parts, each in canonical base64url, and a
/// header that is a strict JSON object. **Not verified**; only [JwtVerifier] makes a [VerifiedJwt]
/// of it. The payload is read once, when somebody first asks for it. One thread at a time.
///
/// Why: libraries accept many spellings of one token (padding, blanks, changed unused bits), so
/// that a revocation list keyed by the text could be bypassed. Here a token has one spelling.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7515#section-7.1 RFC 7515 §7.1
public final class CompactJws {
  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  private static final byte[] VALUES = values();
  private static final int MAX_LENGTH = 16 * 1024;

  private final ObjectNode header;
  private final byte[] payload;
  private final byte[] signingBytes;
  private final byte[] signature;
  private @Nullable ObjectNode claims;

  private CompactJws(ObjectNode header, byte[] payload, byte[] signingBytes, byte[] signature) {
    this.header = header;
    this.payload = payload;
    this.signingBytes = signingBytes;
    this.signature = signature;
  }

  /// Reads a token's text.
  ///
  /// @throws MalformedJsonException saying what is wrong, never with the text in it
  public static CompactJws parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new MalformedJsonException("the token is longer than 16 KiB");
    }
    int first = text.indexOf('.');
    int second = text.indexOf('.', first + 1);
    if (first < 1 || second < first + 2 || second == text.length() - 1) {
      throw new MalformedJsonException("the token is not a signed JWT of three base64url parts");
    }
    byte[] signature = decoded(text.substring(second + 1));
    byte[] payload = decoded(text.substring(first + 1, second));
    return new CompactJws(
        StrictJson.parseObject(decoded(text.substring(0, first))),
        payload,
        text.substring(0, second).getBytes(StandardCharsets.US_ASCII),
        signature);
  }

  /// Whether a text has the shape of a compact JWS: three parts, none empty. Nothing else is
  /// checked.
  public static boolean hasShape(String text) {
    int first = text.indexOf('.');
    int second = text.indexOf('.', first + 1);
    return first > 0
        && second > first + 1
        && second < text.length() - 1
        && text.indexOf('.', second + 1) < 0;
  }

  /// The JOSE header.
  public ObjectNode header() {
    return header;
  }

  /// The `iss` that it claims, to choose a verifier by, or the empty text.
  public String unverifiedIssuer() {
    return unverified("iss");
  }

  /// The `sub` that it claims, to choose a verifier by, or the empty text.
  public String unverifiedSubject() {
    return unverified("sub");
  }

  private String unverified(String claim) {
    try {
      JsonNode value = unverifiedClaims().path(claim);
      return value.isString() ? value.stringValue() : "";
    } catch (MalformedJsonException malformed) {
      return "";
    }
  }

  /// The payload; trust nothing in it but to choose a verifier, or to tell an operator what is
  /// wrong.
  ///
  /// @throws MalformedJsonException if it is not a strict JSON object
  public ObjectNode unverifiedClaims() {
    ObjectNode known = claims;
    if (known == null) {
      known = StrictJson.parseObject(payload);
      claims = known;
    }
    return known;
  }

  byte[] signingBytes() {
    return signingBytes;
  }

  byte[] signatureBytes() {
    return signature;
  }

  private static byte[] decoded(String part) {
    checkCanonical(part);
    return Base64.getUrlDecoder().decode(part);
  }

  // Letters of the alphabet only, a length that exists, and unused bits that are zero.
  private static void checkCanonical(String part) {
    for (int i = 0; i < part.length(); i++) {
      if (value(part.charAt(i)) < 0) {
        throw new MalformedJsonException("the token is not a signed JWT of three base64url parts");
      }
    }
    int unused =
        switch (part.length() % 4) {
          case 0 -> 0;
          case 2 -> 0b1111;
          case 3 -> 0b11;
          default -> throw new MalformedJsonException("a part of the token is not base64url");
        };
    if ((value(part.charAt(part.length() - 1)) & unused) != 0) {
      throw new MalformedJsonException("a part of the token is not canonical base64url");
    }
  }

  private static int value(char c) {
    return c < VALUES.length ? VALUES[c] : -1;
  }

  private static byte[] values() {
    byte[] values = new byte[128];
    Arrays.fill(values, (byte) -1);
    for (int i = 0; i < ALPHABET.length(); i++) {
      values[ALPHABET.charAt(i)] = (byte) i;
    }
    return values;
  }
}
