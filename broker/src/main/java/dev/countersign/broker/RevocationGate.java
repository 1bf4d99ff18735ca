package dev.countersign.broker;

/// What a token can be refused for, whatever its signature says: everything of a person, of a
/// client, or one token.
///
/// @param kind what is closed
/// @param name the `sub`, the `client_id` or the `jti`
public record RevocationGate(Kind kind, String name) {

  /// What `name` names.
  public enum Kind {
    SUBJECT,
    CLIENT,
    TOKEN
  }
}
