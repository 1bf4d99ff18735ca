package dev.countersign.sts.stepup;

import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import tools.jackson.databind.node.ObjectNode;

/// The event that tells the transmitter that somebody tried to ride on a person's approval.
///
/// @spec https://openid.net/specs/openid-caep-1_0-final.html#section-3.8 CAEP 1.0 §3.8
public final class RiskRaised {
  /// The last part of its type.
  public static final String KIND = "risk-level-change";

  private static final String TYPE = "https://schemas.openid.net/secevent/caep/event-type/" + KIND;

  private RiskRaised() {}

  /// The body of the transmitter's ingest.
  ///
  /// @param issuer our own issuer, in whose name space the subject key is
  /// @param reason one lower-case sentence without any value of the request
  public static ObjectNode of(String issuer, Approval approval, String reason, Instant at) {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id")
        .put("format", "iss_sub")
        .put("iss", issuer)
        .put("sub", approval.person().key());
    body.put("txn", approval.jti());
    ObjectNode event = body.putObject("events").putObject(TYPE);
    event.put("event_timestamp", at.getEpochSecond());
    event.put("initiating_entity", "system");
    event.put("principal", "USER");
    // It is the agent that tried, and the person was protected: HIGH would end their sessions at
    // every receiver, so that a compromised agent could sign anybody out.
    event.put("current_level", "MEDIUM");
    event.put("risk_reason", "APPROVAL_MISUSED");
    event.putObject("reason_admin").put("en", reason + "; client " + approval.client());
    return body;
  }
}
