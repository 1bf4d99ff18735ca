package dev.countersign.broker;

import dev.countersign.protocol.Ids;

/// The name of a lease: the path it was minted at and 24 random letters and digits, such as
/// `verify-rar/creds/refunds/4kTz…`.
///
/// @param text 1 to 256 characters
public record LeaseId(String text) {
  /// Where credentials are minted, without the API version.
  public static final String MOUNT = "verify-rar/creds/";

  private static final int RANDOM = 24;
  private static final int MAX_LENGTH = 256;

  public LeaseId {
    if (text.isEmpty() || text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("a lease id has 1 to 256 characters");
    }
  }

  /// A fresh id for a credential of a role.
  ///
  /// @param mount the path before the role, with its last slash
  public static LeaseId minted(String mount, String role) {
    return new LeaseId(mount + role + "/" + Ids.base62(RANDOM));
  }
}
