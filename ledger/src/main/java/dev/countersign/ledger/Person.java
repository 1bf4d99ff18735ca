package dev.countersign.ledger;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.databind.node.ObjectNode;

/// A person as the ledger knows them: a random name, and the key of what is personal. When the key
/// is forgotten, so is everything that was sealed with it, also in every copy and backup; the chain
/// of hashes stays whole, because it covers the sealed form.
///
/// @param id a random name
/// @param subject the person as `anchor|stable id`
/// @param key 256 random bits in base64
public record Person(String id, String subject, Secret key) {
  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  /// Somebody whom the ledger does not know yet.
  public static Person unknown(String subject) {
    return new Person(
        "p_" + Ids.base62(20),
        subject,
        new Secret(Base64.getEncoder().encodeToString(Ids.bytes(KEY_BYTES))));
  }

  /// Seals what is personal, into base64.
  public String seal(ObjectNode personal) {
    byte[] nonce = Ids.bytes(NONCE_BYTES);
    byte[] plain = StrictJson.write(personal).getBytes(StandardCharsets.UTF_8);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(plain);
      byte[] both = Arrays.copyOf(nonce, NONCE_BYTES + sealed.length);
      System.arraycopy(sealed, 0, both, NONCE_BYTES, sealed.length);
      return Base64.getEncoder().encodeToString(both);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has AES-GCM", impossible);
    }
  }

  /// Opens what was sealed for this person; empty for what was not, or was changed.
  public Optional<ObjectNode> open(String base64) {
    byte[] sealed = Base64.getDecoder().decode(base64);
    if (sealed.length <= NONCE_BYTES) {
      return Optional.empty();
    }
    try {
      byte[] plain =
          cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(sealed, NONCE_BYTES))
              .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
      return Optional.of(StrictJson.parseObject(plain));
    } catch (GeneralSecurityException other) {
      return Optional.empty();
    }
  }

  private Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(CIPHER);
    cipher.init(mode, new SecretKeySpec(keyBytes(), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(id.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  /// The key as it is stored.
  public byte[] keyBytes() {
    return Base64.getDecoder().decode(key.reveal());
  }
}
