package dev.countersign.policy;

import java.util.Locale;

/// How a person can prove that it is they who approve.
public enum Factor {
  /// A one-time code by mail.
  EMAILOTP,
  /// A one-time code by text message.
  SMSOTP,
  /// A passkey (WebAuthn).
  PASSKEY,
  /// A fresh sign-in at the person's own identity provider, with its own second factor.
  IDP;

  /// The word in policy files, in the ledger and on the wire.
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }
}
