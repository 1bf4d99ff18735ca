package dev.countersign.signals;

import java.util.Set;

/// The names of the events that Countersign speaks.
public final class EventTypes {
  /// The sessions of the subject are over.
  ///
  /// @spec https://openid.net/specs/openid-caep-1_0-final.html#section-3.1 CAEP 1.0 §3.1
  public static final String SESSION_REVOKED =
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

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
  public static final Set<String> SUPPORTED = Set.of(SESSION_REVOKED);

  private EventTypes() {}
}
