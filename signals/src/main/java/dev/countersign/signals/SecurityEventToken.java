package dev.countersign.signals;

import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The claims of a security event token (SET): one event about one subject for one audience. No
/// `sub` and no `exp`, so that it never passes for another kind of token.
///
/// @param id the `jti`, the same in every repetition
/// @param issuedAt whole seconds
/// @param txn what joins it to the call that caused it; empty if the token has none
/// @spec https://www.rfc-editor.org/rfc/rfc8417#section-2.2 RFC 8417 §2.2
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-4.1 SSF 1.0
///   §4.1
public record SecurityEventToken(
    String issuer,
    String audience,
    String id,
    Instant issuedAt,
    String txn,
    SubjectId subject,
    SecurityEvent event) {
  public static final int MAX_ID = 128;

  private static final long MAX_SECONDS = 253_402_300_799L; // 9999-12-31, far below overflow

  /// The claims to sign.
  public ObjectNode claims() {
    ObjectNode claims = StrictJson.object();
    claims.put("iss", issuer).put("aud", audience).put("iat", issuedAt.getEpochSecond());
    claims.put("jti", id);
    if (!txn.isEmpty()) {
      claims.put("txn", txn);
    }
    claims.set("sub_id", subject.json());
    claims.set("events", event.json());
    return claims;
  }

  /// When the event happened, as far as the token tells.
  public Instant happenedAt() {
    return event.at().orElse(issuedAt);
  }

  /// Reads claims whose signature, issuer and audience are already checked.
  ///
  /// @throws MalformedEventException naming the claim
  public static SecurityEventToken parse(String issuer, String audience, ObjectNode claims) {
    if (claims.has("sub")) {
      throw Members.wrong("sub", "must not be in a security event token; use `sub_id`");
    }
    if (claims.has("exp")) {
      throw Members.wrong("exp", "must not be in a security event token");
    }
    return new SecurityEventToken(
        issuer,
        audience,
        Members.text(claims, "jti", MAX_ID),
        issuedAt(claims),
        claims.has("txn") ? Members.text(claims, "txn", MAX_ID) : "",
        subject(claims),
        SecurityEvent.only(claims));
  }

  /// Events of before the framework was final have their subject inside; RISC 1.0 allows it.
  private static SubjectId subject(ObjectNode claims) {
    if (claims.has("sub_id")) {
      return SubjectId.parseAny(claims.path("sub_id"));
    }
    ObjectNode payload = SecurityEvent.only(claims).payload();
    if (payload.has("subject")) {
      return SubjectId.parseAny(payload.path("subject"));
    }
    throw Members.wrong("sub_id", "must be an object");
  }

  private static Instant issuedAt(ObjectNode claims) {
    JsonNode time = claims.path("iat");
    if (!time.isIntegralNumber()
        || !time.canConvertToLong()
        || time.longValue() < 0
        || time.longValue() > MAX_SECONDS) {
      throw Members.wrong("iat", "must be whole seconds since 1970");
    }
    return Instant.ofEpochSecond(time.longValue());
  }
}
