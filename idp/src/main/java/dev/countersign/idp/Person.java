package dev.countersign.idp;

import dev.countersign.protocol.Secret;
import org.jspecify.annotations.Nullable;

/// Somebody who can sign in.
///
/// @param username what the person types: Entra's user principal name, Okta's login
/// @param id the stable id: Entra's `oid`, Okta's `uid`
/// @param mail the address for the `email` claim; null for a person without one
/// @param refundLimitCents Okta's custom claim `refund_limit`; null where the directory has none
/// @param isGuest whether the person signs in through another home tenant, so that this tenant's
///   revocation does not reach the sessions (Entra)
public record Person(
    String username,
    Secret password,
    String id,
    String displayName,
    @Nullable String mail,
    @Nullable Long refundLimitCents,
    boolean isGuest) {

  public Person {
    if (username.isBlank() || id.isBlank() || displayName.isBlank()) {
      throw new IllegalArgumentException("a person needs a username, an id and a display name");
    }
    if (password.reveal().length() < 8) {
      throw new IllegalArgumentException("a person's password needs at least 8 characters");
    }
    if (refundLimitCents != null && refundLimitCents < 0) {
      throw new IllegalArgumentException("a refund limit is 0 cents or more");
    }
  }

  /// An ordinary member of the directory.
  public static Person member(
      String username,
      Secret password,
      String id,
      String displayName,
      @Nullable String mail,
      @Nullable Long refundLimitCents) {
    return new Person(username, password, id, displayName, mail, refundLimitCents, false);
  }

  /// The first word of the display name.
  public String givenName() {
    return displayName.split(" ", 2)[0];
  }

  /// What follows the first word of the display name; empty for a name of one word.
  public String familyName() {
    String[] words = displayName.split(" ", 2);
    return words.length == 2 ? words[1] : "";
  }
}
