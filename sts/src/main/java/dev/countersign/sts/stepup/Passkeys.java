package dev.countersign.sts.stepup;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The passkeys that people registered, for all replicas.
public interface Passkeys {

  /// One person's passkeys, the oldest first.
  List<Passkey> of(String subject);

  /// Keeps a new one.
  ///
  /// @return whether it is new; a credential belongs to one person for ever
  boolean add(String subject, Passkey passkey);

  /// Forgets one.
  ///
  /// @return whether it was there
  boolean remove(String subject, String credentialId);

  /// A registered credential.
  ///
  /// @param credentialId base64url
  /// @param credential its public key and what belongs to it, base64url
  /// @param signCount the authenticator's counter at last use; 0 for one that does not count
  record Passkey(
      String credentialId,
      String credential,
      long signCount,
      String label,
      Instant createdAt,
      @Nullable Instant lastUsedAt) {}
}
