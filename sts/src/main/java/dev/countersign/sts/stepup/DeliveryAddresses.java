package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Keeps the addresses that codes may go to, as long as an approval is open, so that nobody can
/// read them from the database without the key. Threads may share it.
public final class DeliveryAddresses {
  private static final int NONCE = 12;
  private static final int TAG_BITS = 128;

  private final Approvals approvals;
  private final SecretKeySpec key;

  /// @param key 32 secret bytes, the same at every replica
  public DeliveryAddresses(Approvals approvals, byte[] key) {
    this.approvals = approvals;
    this.key = new SecretKeySpec(key, "AES");
  }

  /// The addresses as they are kept.
  ///
  /// @param subject whose addresses they are
  List<Kept> seal(String approval, String subject, Map<Factor, String> addresses) {
    var kept = new ArrayList<Kept>();
    addresses.forEach((factor, address) ->
        kept.add(
            new Kept(
                factor,
                seal(approval, factor, address),
                Masks.of(factor, address),
                digest(subject, factor, address))));
    return kept;
  }

  private String digest(String subject, Factor factor, String address) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getEncoded(), "HmacSHA256"));
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(
              mac.doFinal(bytes("known\n" + subject + "\n" + factor.code() + "\n" + address)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  /// Where codes of this factor may go.
  Optional<Known> of(String approval, Factor factor) {
    return approvals
        .address(approval, factor)
        .map(kept -> new Known(new Secret(open(approval, factor, kept.sealed())), kept.masked()));
  }

  private String seal(String approval, Factor factor, String address) {
    byte[] nonce = Ids.bytes(NONCE);
    byte[] plain = bytes(address);
    byte[] sealed = crypt(Cipher.ENCRYPT_MODE, nonce, approval, factor, plain, 0, plain.length);
    byte[] both = new byte[nonce.length + sealed.length];
    System.arraycopy(nonce, 0, both, 0, nonce.length);
    System.arraycopy(sealed, 0, both, nonce.length, sealed.length);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(both);
  }

  private String open(String approval, Factor factor, String sealed) {
    byte[] both = Base64.getUrlDecoder().decode(sealed);
    byte[] nonce = Arrays.copyOf(both, NONCE);
    return new String(
        crypt(Cipher.DECRYPT_MODE, nonce, approval, factor, both, NONCE, both.length - NONCE),
        StandardCharsets.UTF_8);
  }

  private byte[] crypt(
      int mode, byte[] nonce, String approval, Factor factor, byte[] text, int from, int length) {
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(bytes(approval + "\n" + factor.code()));
      return cipher.doFinal(text, from, length);
    } catch (GeneralSecurityException broken) {
      throw new IllegalStateException("an address cannot be sealed or opened", broken);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// An address as it is stored.
  ///
  /// @param digest the same for the same address of the same person
  public record Kept(Factor factor, String sealed, String masked, String digest) {}

  /// An address that may be used.
  record Known(Secret address, String masked) {}
}
