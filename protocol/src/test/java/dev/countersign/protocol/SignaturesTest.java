package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignaturesTest {
  private static final byte[] TEXT = "header.payload".getBytes(StandardCharsets.US_ASCII);
  private static final Map<String, Curve> CURVES =
      Map.of("ES256", Curve.P_256, "ES384", Curve.P_384, "ES512", Curve.P_521);

  @ParameterizedTest
  @ValueSource(strings = {"ES256", "ES384", "ES512"})
  void agreesWithTheJoseLibraryOnEllipticCurves(String name) throws Exception {
    ECKey key = new ECKeyGenerator(CURVES.get(name)).generate();
    var header = new JWSHeader(JWSAlgorithm.parse(name));
    var publicKey = Signatures.prepared(name, key.toPublicKey());

    byte[] ours = Signatures.sign(name, Signatures.prepared(name, key.toPrivateKey()), TEXT);
    byte[] theirs = new ECDSASigner(key).sign(header, TEXT).decode();

    assertThat(new ECDSAVerifier(key).verify(header, TEXT, Base64URL.encode(ours))).isTrue();
    assertThat(Signatures.verifies(name, publicKey, TEXT, theirs)).isTrue();
    assertThat(Signatures.verifies(name, publicKey, changed(TEXT), theirs)).isFalse();
    assertThat(Signatures.verifies(name, publicKey, TEXT, changed(theirs))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
  void agreesWithTheJoseLibraryOnRsa(String name) throws Exception {
    RSAKey key = new RSAKeyGenerator(2048).generate();
    var header = new JWSHeader(JWSAlgorithm.parse(name));
    var publicKey = Signatures.prepared(name, key.toPublicKey());

    byte[] ours = Signatures.sign(name, Signatures.prepared(name, key.toPrivateKey()), TEXT);
    byte[] theirs = new RSASSASigner(key).sign(header, TEXT).decode();

    assertThat(new RSASSAVerifier(key).verify(header, TEXT, Base64URL.encode(ours))).isTrue();
    assertThat(Signatures.verifies(name, publicKey, TEXT, theirs)).isTrue();
    assertThat(Signatures.verifies(name, publicKey, changed(TEXT), theirs)).isFalse();
    assertThat(Signatures.verifies(name, publicKey, TEXT, changed(theirs))).isFalse();
  }

  @Test
  void aSignatureOfZeroesOrOfAnotherLengthIsANo() throws Exception {
    ECKey key = new ECKeyGenerator(Curve.P_256).generate();
    var publicKey = Signatures.prepared("ES256", key.toPublicKey());
    byte[] good = Signatures.sign("ES256", Signatures.prepared("ES256", key.toPrivateKey()), TEXT);

    for (byte[] bad :
        new byte[][] {
          new byte[64], new byte[0], Arrays.copyOf(good, 63), Arrays.copyOf(good, 65)
        }) {
      assertThat(Signatures.verifies("ES256", publicKey, TEXT, bad)).isFalse();
    }
  }

  @Test
  void usesTheNativeProviderWhereThePlatformHasIt() {
    String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");

    assertThat(Signatures.isFast())
        .as(system)
        .isEqualTo(system.matches("(Linux (amd64|aarch64))|(Mac OS X (x86_64|aarch64))"));
  }

  private static byte[] changed(byte[] bytes) {
    byte[] copy = bytes.clone();
    copy[copy.length - 1] ^= 1;
    return copy;
  }
}
