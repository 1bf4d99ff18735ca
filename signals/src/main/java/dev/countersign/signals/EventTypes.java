package dev.countersign.signals;

import java.util.Optional;
import java.util.Set;

/// The names of the events that Countersign speaks or understands.
///
/// @spec https://openid.net/specs/openid-caep-1_0-final.html#section-3 CAEP 1.0 §3
/// @spec https://openid.net/specs/openid-risc-1_0-final.html#section-2 RISC 1.0 §2
public final class EventTypes {
  private static final String CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
  private static final String RISC = "https://schemas.openid.net/secevent/risc/event-type/";

  /// The sessions of the subject are over.
  public static final String SESSION_REVOKED = CAEP + "session-revoked";

  /// A credential of the subject was made, changed, revoked or deleted.
  public static final String CREDENTIAL_CHANGE = CAEP + "credential-change";

  /// What tokens say about the subject has changed.
  public static final String TOKEN_CLAIMS_CHANGE = CAEP + "token-claims-change";

  /// The subject's sign-in is worth more or less than before.
  public static final String ASSURANCE_LEVEL_CHANGE = CAEP + "assurance-level-change";

  /// A device of the subject keeps its rules, or not any more.
  public static final String DEVICE_COMPLIANCE_CHANGE = CAEP + "device-compliance-change";

  /// The risk of the subject is judged anew.
  public static final String RISK_LEVEL_CHANGE = CAEP + "risk-level-change";

  /// The older name of [#SESSION_REVOKED]; understood, never sent.
  public static final String RISC_SESSIONS_REVOKED = RISC + "sessions-revoked";

  /// The account is closed for now.
  public static final String ACCOUNT_DISABLED = RISC + "account-disabled";

  /// The account is open again.
  public static final String ACCOUNT_ENABLED = RISC + "account-enabled";

  /// The account is gone for good.
  public static final String ACCOUNT_PURGED = RISC + "account-purged";

  /// The subject must change a credential.
  public static final String CREDENTIAL_CHANGE_REQUIRED =
      RISC + "account-credential-change-required";

  /// Somebody else may have a credential of the subject.
  public static final String CREDENTIAL_COMPROMISE = RISC + "credential-compromise";

  /// The stream works: asked for by the receiver, or sent by the transmitter on its own.
  ///
  /// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-8.1.4 SSF
  ///   1.0 §8.1.4
  public static final String VERIFICATION =
      "https://schemas.openid.net/secevent/ssf/event-type/verification";

  /// The transmitter changed the stream's status.
  ///
  /// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-8.1.5 SSF
  ///   1.0 §8.1.5
  public static final String STREAM_UPDATED =
      "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

  /// What a source may send and a stream may ask for.
  public static final Set<String> SUPPORTED =
      Set.of(
          SESSION_REVOKED,
          CREDENTIAL_CHANGE,
          TOKEN_CLAIMS_CHANGE,
          ASSURANCE_LEVEL_CHANGE,
          DEVICE_COMPLIANCE_CHANGE,
          RISK_LEVEL_CHANGE,
          ACCOUNT_DISABLED,
          ACCOUNT_ENABLED,
          ACCOUNT_PURGED,
          CREDENTIAL_CHANGE_REQUIRED,
          CREDENTIAL_COMPROMISE);

  private EventTypes() {}

  /// A type by its URI or by the last part of it.
  public static Optional<String> named(String name) {
    return SUPPORTED.stream()
        .filter(type -> type.equals(name) || type.endsWith("/" + name))
        .findFirst();
  }
}
