package dev.countersign.box;

import io.helidon.common.tls.Tls;
import io.helidon.common.tls.TlsClientAuth;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Reads the PEM files of a TLS listener, and those that say whom a TLS client trusts.
final class PemFiles {
  private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String KEY_END = "-----END PRIVATE KEY-----";

  private PemFiles() {}

  /// TLS 1.3 and 1.2 with this certificate.
  ///
  /// @throws IllegalArgumentException naming the file that is wrong and the fix
  static Tls serverTls(Listener.Tls files) {
    List<Certificate> chain = certificates(files.certificate());
    PrivateKey key = privateKey(files.key(), chain.getFirst());
    try {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("box", key, new char[0], chain.toArray(new Certificate[0]));
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, new char[0]);
      var context = SSLContext.getInstance("TLS");
      TrustManager[] judges =
          files.asksForCertificates() ? new TrustManager[] {new AnyClient()} : null;
      context.init(keys.getKeyManagers(), judges, null);
      var parameters = new SSLParameters();
      parameters.setWantClientAuth(files.asksForCertificates());
      parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
      return Tls.builder()
          .sslContext(context)
          .sslParameters(parameters)
          .clientAuth(files.asksForCertificates() ? TlsClientAuth.OPTIONAL : TlsClientAuth.NONE)
          .build();
    } catch (GeneralSecurityException | IOException unusable) {
      throw new IllegalArgumentException(
          files.certificate() + ": cannot be used for TLS", unusable);
    }
  }

  /// TLS that trusts the certificate authorities in a file and nobody else. Names are checked.
  ///
  /// @throws IllegalArgumentException naming the file that is wrong
  static Tls clientTls(Path authorities) {
    return Tls.builder()
        .trust(certificates(authorities).stream().map(X509Certificate.class::cast).toList())
        .build();
  }

  private static List<Certificate> certificates(Path file) {
    try {
      var found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(read(file)));
      if (found.isEmpty()) {
        throw new IllegalArgumentException(file + ": holds no PEM certificate");
      }
      return List.copyOf(found);
    } catch (GeneralSecurityException malformed) {
      throw new IllegalArgumentException(file + ": is not a PEM certificate", malformed);
    }
  }

  private static PrivateKey privateKey(Path file, Certificate certificate) {
    String text = new String(read(file), StandardCharsets.US_ASCII);
    int begin = text.indexOf(KEY_BEGIN);
    int end = text.indexOf(KEY_END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          file
              + ": holds no unencrypted PKCS #8 key; convert it with:"
              + " openssl pkcs8 -topk8 -nodes -in KEY -out NEW-KEY");
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(text.substring(begin + KEY_BEGIN.length(), end));
      PrivateKey key =
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(der));
      if (!belong(key, certificate)) {
        throw new IllegalArgumentException(file + ": is not the key of the certificate");
      }
      return key;
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      if (malformed.getMessage() != null && malformed.getMessage().startsWith(file.toString())) {
        throw new IllegalArgumentException(malformed.getMessage(), malformed);
      }
      throw new IllegalArgumentException(
          file + ": is not a private key for the certificate", malformed);
    }
  }

  private static boolean belong(PrivateKey key, Certificate certificate)
      throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm();
        };
    byte[] probe = {1};
    var signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(probe);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(probe);
    return signature.verify(signed);
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException missing) {
      throw new IllegalArgumentException(file + ": there is no such file", missing);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(file + ": cannot be read", unreadable);
    }
  }

  /// Takes any client's certificate: the handshake proves that the client has its key, and the box
  /// decides what that is worth. Trusts no server.
  private static final class AnyClient extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("this context calls nobody");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkServerTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
