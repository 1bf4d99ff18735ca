package dev.countersign.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;
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
  private static final Pattern SHAPE =
      Pattern.compile("([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]+)");
  private static final int MAX_LENGTH = 16 * 1024;

  /// Reads a token's text.
  ///
  /// @throws MalformedJsonException saying what is wrong, never with the text in it
  public static CompactJws parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new MalformedJsonException("the token is longer than 16 KiB");
    }
    var parts = SHAPE.matcher(text);
    if (!parts.matches()) {
      throw new MalformedJsonException("the token is not a signed JWT of three base64url parts");
    }
    canonical(parts.group(3));
    return new CompactJws(
        StrictJson.parseObject(canonical(parts.group(1))),
        StrictJson.parseObject(canonical(parts.group(2))),
        text.substring(0, parts.start(3) - 1),
        parts.group(3));
  }

  /// The `iss` that it claims, to choose a verifier by, or the empty text.
  public String unverifiedIssuer() {
    JsonNode issuer = unverifiedClaims.path("iss");
    return issuer.isString() ? issuer.stringValue() : "";
  }

  byte[] signingBytes() {
    return signingInput.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] canonical(String part) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(part);
    } catch (IllegalArgumentException malformed) {
      throw new MalformedJsonException("a part of the token is not base64url");
    }
    if (!Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(part)) {
      throw new MalformedJsonException("a part of the token is not canonical base64url");
    }
    return bytes;
  }
}
