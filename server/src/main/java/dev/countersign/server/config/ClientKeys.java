package dev.countersign.server.config;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.protocol.Digest;
import dev.countersign.signals.act.ClientProof;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;

/// The keys with which the receiver proves which client of an identity provider it is, from files.
final class ClientKeys {
  private static final byte[] PROBE = {1};

  private ClientKeys() {}

  /// A private JWK with a `kid`.
  ///
  /// @throws IllegalArgumentException naming the file that is wrong
  static ClientProof.Key jwk(Path file) {
    try {
      return new ClientProof.Key(JWK.parse(Files.readString(file)));
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(file + ": cannot be read", unreadable);
    } catch (ParseException malformed) {
      throw new IllegalArgumentException(file + ": is not a JWK");
    }
  }

  /// An X.509 certificate with its RSA key, both in PEM.
  ///
  /// @throws IllegalArgumentException naming the file that is wrong
  static ClientProof.Key certificate(Path certificate, Path key) {
    try {
      var shown =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(certificate)));
      if (!(shown.getPublicKey() instanceof RSAPublicKey publicKey)) {
        throw new IllegalArgumentException(certificate + ": is not a certificate of an RSA key");
      }
      PrivateKey secret = privateKey(key);
      requirePair(publicKey, secret, key);
      return new ClientProof.Key(
          new RSAKey.Builder(publicKey)
              .privateKey(secret)
              .algorithm(JWSAlgorithm.PS256)
              .x509CertSHA256Thumbprint(RSAKey.parse(shown).getX509CertSHA256Thumbprint())
              .build());
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(
          certificate + " or " + key + ": cannot be read", unreadable);
    } catch (GeneralSecurityException | JOSEException malformed) {
      throw new IllegalArgumentException(
          certificate + " or " + key + ": is not PEM of a certificate and its PKCS #8 key");
    }
  }

  /// The SHA-256 thumbprint of the certificate in a PEM file.
  ///
  /// @throws IllegalArgumentException naming the file that is wrong
  static String thumbprint(Path file) {
    try {
      return Digest.sha256(
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(file)))
              .getEncoded());
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(file + ": cannot be read", unreadable);
    } catch (GeneralSecurityException malformed) {
      throw new IllegalArgumentException(file + ": is not a PEM certificate");
    }
  }

  private static PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
    byte[] text = Files.readAllBytes(file);
    try {
      String pem =
          new String(text, StandardCharsets.US_ASCII)
              .replaceAll("-----(BEGIN|END) PRIVATE KEY-----", "")
              .replaceAll("\\s", "");
      return KeyFactory.getInstance("RSA")
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    } catch (IllegalArgumentException notBase64) {
      throw new GeneralSecurityException("not PEM", notBase64);
    } finally {
      Arrays.fill(text, (byte) 0);
    }
  }

  private static void requirePair(RSAPublicKey shown, PrivateKey secret, Path file)
      throws GeneralSecurityException {
    var signer = java.security.Signature.getInstance("SHA256withRSA");
    signer.initSign(secret);
    signer.update(PROBE);
    byte[] signature = signer.sign();
    signer.initVerify(shown);
    signer.update(PROBE);
    if (!signer.verify(signature)) {
      throw new IllegalArgumentException(file + ": is not the key of the certificate");
    }
  }
}
