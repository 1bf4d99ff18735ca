package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.MailAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
  private final AttributeStore book;
  private final Duration cooling;
  private final SecretKeySpec key;

  /// @param book where the addresses of those stand who approve for others
  /// @param cooling how long a changed address is known before it is used
  /// @param key 32 secret bytes, the same at every replica
  public DeliveryAddresses(Approvals approvals, AttributeStore book, Duration cooling, byte[] key) {
    this.approvals = approvals;
    this.book = book;
    this.cooling = cooling;
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

  /// Where codes of this factor may go: for the person whose request it is, to what was known when
  /// it was made; for somebody else, to what the store says.
  ///
  /// @param subject the subject key of who is to approve
  Optional<Known> of(Approval approval, Factor factor, String subject) {
    if (approval.needsAnother()) {
      return factor == Factor.EMAILOTP ? stored(subject) : Optional.empty();
    }
    String id = approval.id();
    return approvals
        .address(id, factor)
        .map(kept -> new Known(new Secret(open(id, factor, kept.sealed())), kept.masked()));
  }

  /// The mail address that the store has of somebody.
  Optional<Known> stored(String subject) {
    return Optional.ofNullable(
            book.of(subject, Set.of(AttributeStore.MAIL)).get(AttributeStore.MAIL))
        .map(attribute -> attribute.value().asString(""))
        .filter(MailAddress::isDeliverable)
        .map(address -> new Known(new Secret(address), Masks.of(Factor.EMAILOTP, address)));
  }

  /// From when an address of somebody may be used; empty if it may be used now. Those of the person
  /// whose request it is were looked at when it was made.
  Optional<Instant> usableFrom(
      Approval approval, Factor factor, String subject, Known address, Instant now) {
    return approval.needsAnother() ? usableFrom(factor, subject, address, now) : Optional.empty();
  }

  /// Likewise, of anybody.
  Optional<Instant> usableFrom(Factor factor, String subject, Known address, Instant now) {
    String digest = digest(subject, factor, address.address().reveal());
    return approvals.usableFrom(subject, factor, digest, cooling, now);
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
