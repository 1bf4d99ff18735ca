package dev.countersign.broker;

/// What a request for a credential is addressed to.
///
/// @param mount the path before the role, with its last slash, such as [LeaseId#MOUNT]
/// @param role the role's name
/// @param operation what a Vault policy calls the request: `update` for a write, `read` for a read
public record MintPath(String mount, String role, String operation) {

  /// A write to a role below `verify-rar/creds/`.
  public static MintPath verifyRar(String role) {
    return new MintPath(LeaseId.MOUNT, role, "update");
  }

  /// The path as a whole, without the API version.
  public String text() {
    return mount + role;
  }
}
