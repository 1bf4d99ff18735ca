package dev.countersign.idp;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;

/// A certificate around a signing key, as Entra's key set carries them in `x5c`. Only its
/// thumbprint is ever used, as the key's id.
///
/// @param base64 the DER form in base64, without line breaks
/// @param thumbprint SHA-1 of the DER form, base64url
/// @spec https://www.rfc-editor.org/rfc/rfc5280#section-4.1 RFC 5280 §4.1
record SelfSignedCertificate(String base64, String thumbprint) {
  private static final Duration LIFETIME = Duration.ofDays(5 * 365);
  private static final DateTimeFormatter UTC_TIME =
      DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  // AlgorithmIdentifier sha256WithRSAEncryption (1.2.840.113549.1.1.11) with NULL parameters
  private static final String SHA256_WITH_RSA = "300d06092a864886f70d01010b0500";
  // OBJECT IDENTIFIER commonName (2.5.4.3)
  private static final String COMMON_NAME = "0603550403";

  static SelfSignedCertificate of(KeyPair pair, Instant now) {
    byte[] algorithm = HexFormat.of().parseHex(SHA256_WITH_RSA);
    byte[] name = name("development identity provider");
    byte[] validity = der(0x30, time(now), time(now.plus(LIFETIME)));
    byte[] serial = der(0x02, BigInteger.valueOf(now.toEpochMilli()).toByteArray());
    byte[] body = der(0x30, serial, algorithm, name, validity, name, pair.getPublic().getEncoded());
    try {
      var signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(pair.getPrivate());
      signature.update(body);
      byte[] certificate = der(0x30, body, algorithm, der(0x03, new byte[1], signature.sign()));
      return new SelfSignedCertificate(
          Base64.getEncoder().encodeToString(certificate),
          Base64.getUrlEncoder()
              .withoutPadding()
              .encodeToString(MessageDigest.getInstance("SHA-1").digest(certificate)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform signs with RSA", impossible);
    }
  }

  private static byte[] name(String commonName) {
    byte[] text = der(0x0c, commonName.getBytes(StandardCharsets.UTF_8));
    byte[] type = HexFormat.of().parseHex(COMMON_NAME);
    return der(0x30, der(0x31, der(0x30, type, text)));
  }

  private static byte[] time(Instant time) {
    return der(0x17, UTC_TIME.format(time).getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] der(int tag, byte[]... parts) {
    var content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    var element = new ByteArrayOutputStream();
    element.write(tag);
    int length = content.size();
    if (length < 0x80) {
      element.write(length);
    } else {
      byte[] digits = BigInteger.valueOf(length).toByteArray();
      int from = digits[0] == 0 ? 1 : 0;
      element.write(0x80 | (digits.length - from));
      element.write(digits, from, digits.length - from);
    }
    element.writeBytes(content.toByteArray());
    return element.toByteArray();
  }
}
