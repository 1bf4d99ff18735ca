package dev.countersign.broker;

/// What a token can be refused for, whatever its signature says: everything of a person, of a
/// client, of one client for one person, or one token.
///
/// @param kind what is closed
/// @param name the `sub`, the `client_id`, both with a line feed between them, or the `jti`
public record RevocationGate(Kind kind, String name) {

  /// What one client does for one person.
  public static RevocationGate ofSession(String subject, String client) {
    return new RevocationGate(Kind.SESSION, subject + "\n" + client);
  }

  /// What `name` names.
  public enum Kind {
    SUBJECT,
    CLIENT,
    SESSION,
    TOKEN
  }
}
