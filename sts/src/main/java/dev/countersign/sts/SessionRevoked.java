package dev.countersign.sts;

import dev.countersign.protocol.StrictJson;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/// The event that tells the transmitter of a kill.
///
/// @spec https://openid.net/specs/openid-caep-1_0-final.html#section-3.1 CAEP 1.0 §3.1
public final class SessionRevoked {
  /// The last part of its type.
  public static final String KIND = "session-revoked";

  private static final String TYPE = "https://schemas.openid.net/secevent/caep/event-type/" + KIND;

  private SessionRevoked() {}

  /// The body of the transmitter's ingest.
  ///
  /// @param issuer our own issuer, in whose name space the subject key is
  public static ObjectNode of(String issuer, Kill kill) {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id").put("format", "iss_sub").put("iss", issuer).put("sub", kill.subject());
    body.put("txn", kill.txn());
    ObjectNode event = body.putObject("events").putObject(TYPE);
    event.put("event_timestamp", kill.at().getEpochSecond());
    event.put("initiating_entity", kill.initiator().name().toLowerCase(Locale.ROOT));
    event.putObject("reason_admin").put("en", kill.reason());
    event
        .putObject("reason_user")
        .put("en", "Your sessions were ended for your safety. Please sign in again.");
    return body;
  }
}
