package dev.countersign.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A JWS in compact form that passed the pre-check: three parts, each in canonical base64url, and a
/// header and payload that are strict JSON objects. **Not verified**; only [JwtVerifier] makes a
/// [VerifiedJwt] of it.
///
/// Why: libraries accept many spellings of one token (padding, blanks, changed unused bits), so
/// that a revocation list keyed by the text could be bypassed. Here a token has one spelling.
///
/// @param header the JOSE header
/// @param unverifiedClaims the payload; trust nothing in it but to choose a verifier
/// @param signingInput the first two parts with the dot between
/// @param signature the third part, still base64url
/// @spec https://www.rfc-editor.org/rfc/rfc7515#section-7.1 RFC 7515 §7.1
public record CompactJws(
    ObjectNode header, ObjectNode unverifiedClaims, String signingInput, String signature) {
  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  private static final byte[] VALUES = values();
  private static final int MAX_LENGTH = 16 * 1024;

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
    String signature = text.substring(second + 1);
    checkCanonical(signature);
    return new CompactJws(
        StrictJson.parseObject(decoded(text.substring(0, first))),
        StrictJson.parseObject(decoded(text.substring(first + 1, second))),
        text.substring(0, second),
        signature);
  }

  /// The `iss` that it claims, to choose a verifier by, or the empty text.
  public String unverifiedIssuer() {
    JsonNode issuer = unverifiedClaims.path("iss");
    return issuer.isString() ? issuer.stringValue() : "";
  }

  byte[] signingBytes() {
    return signingInput.getBytes(StandardCharsets.US_ASCII);
  }

  byte[] signatureBytes() {
    return Base64.getUrlDecoder().decode(signature);
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
