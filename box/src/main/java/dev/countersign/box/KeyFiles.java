package dev.countersign.box;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Signing keys as files: one private JWK each, readable by its owner only.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7517#section-4 RFC 7517 §4
public final class KeyFiles {
  private static final int RSA_BITS = 2048;

  private KeyFiles() {}

  /// The EC P-256 key in this file (ES256), made if there is no file yet. A new key's id is its
  /// thumbprint (RFC 7638).
  ///
  /// @throws IllegalArgumentException if the file holds anything else or others may read it
  public static ECKey loadOrCreate(Path file) {
    JWK key = load(file, KeyFiles::newEc);
    if (key instanceof ECKey ec && Curve.P_256.equals(ec.getCurve())) {
      return ec;
    }
    throw new IllegalArgumentException(file + ": is not an EC P-256 key");
  }

  /// The RSA key in this file (RS256), made if there is no file yet.
  ///
  /// @throws IllegalArgumentException if the file holds anything else or others may read it
  public static RSAKey loadOrCreateRsa(Path file) {
    JWK key = load(file, KeyFiles::newRsa);
    if (key instanceof RSAKey rsa && rsa.size() >= RSA_BITS) {
      return rsa;
    }
    throw new IllegalArgumentException(file + ": is not an RSA key of at least 2048 bits");
  }

  /// A new EC P-256 key, kept nowhere.
  public static ECKey newEc() {
    try {
      return new ECKeyGenerator(Curve.P_256)
          .keyUse(KeyUse.SIGNATURE)
          .keyIDFromThumbprint(true)
          .generate();
    } catch (JOSEException unable) {
      throw new IllegalStateException("this Java cannot make EC P-256 keys", unable);
    }
  }

  /// A new RSA key, kept nowhere.
  public static RSAKey newRsa() {
    try {
      return new RSAKeyGenerator(RSA_BITS)
          .keyUse(KeyUse.SIGNATURE)
          .keyIDFromThumbprint(true)
          .generate();
    } catch (JOSEException unable) {
      throw new IllegalStateException("this Java cannot make RSA keys", unable);
    }
  }

  /// The public keys in a file that holds one JWK or a JWK Set. It may hold private keys; only
  /// their public halves are taken.
  ///
  /// @throws IllegalArgumentException if the file cannot be read or holds no key
  public static VerificationKeys publicKeys(Path file) {
    try {
      ObjectNode json = StrictJson.parseObject(Files.readAllBytes(file));
      if (json.has("keys")) {
        return VerificationKeys.parse(json);
      }
      return VerificationKeys.of(List.of(JWK.parse(StrictJson.write(json))));
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(file + ": cannot be read", unreadable);
    } catch (MalformedJsonException | ParseException malformed) {
      throw new IllegalArgumentException(file + ": is neither a JWK nor a JWK Set");
    }
  }

  /// The JWK Set that publishes the public halves of these keys, each with `use` and `alg`.
  public static ObjectNode publicSet(List<? extends JWK> keys) {
    ObjectNode set = StrictJson.object();
    ArrayNode list = set.putArray("keys");
    for (JWK key : keys) {
      ObjectNode entry = StrictJson.parseObject(key.toPublicJWK().toJSONString());
      entry.put("use", "sig");
      entry.put("alg", key instanceof RSAKey ? "RS256" : "ES256");
      list.add(entry);
    }
    return set;
  }

  private static JWK load(Path file, java.util.function.Supplier<? extends JWK> maker) {
    String text = PrivateFiles.loadOrCreate(file, () -> maker.get().toJSONString());
    try {
      JWK key = JWK.parse(text);
      if (!key.isPrivate() || key.getKeyID() == null) {
        throw new IllegalArgumentException(file + ": holds no private key with a `kid`");
      }
      return key;
    } catch (ParseException malformed) {
      throw new IllegalArgumentException(file + ": is not a JWK");
    }
  }
}
