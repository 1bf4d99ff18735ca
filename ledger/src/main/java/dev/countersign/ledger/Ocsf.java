package dev.countersign.ledger;

import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.node.ObjectNode;

/// A record as the Open Cybersecurity Schema Framework has it: what was decided or done through an
/// API, as class API Activity; sessions that were ended, as class Authentication.
///
/// @spec https://schema.ocsf.io/1.3.0/classes/api_activity OCSF 1.3.0, API Activity
public final class Ocsf {
  private static final String VERSION = "1.3.0";
  private static final int API_ACTIVITY = 6003;
  private static final int OTHER = 99;
  private static final int MEDIUM = 3;
  private static final int HIGH = 4;

  private Ocsf() {}

  /// One event, on one line.
  public static String event(LedgerRecord record) {
    boolean refused = record.event().matches(".*(denied|refused|failed|misused|killed).*");
    boolean killed = record.event().contains("kill") || record.event().contains("ended");
    ObjectNode event = StrictJson.object().put("class_uid", API_ACTIVITY).put("category_uid", 6);
    event.put("activity_id", OTHER).put("activity_name", record.event());
    event.put("type_uid", API_ACTIVITY * 100 + OTHER).put("time", record.at().toEpochMilli());
    event.put("severity_id", killed ? HIGH : refused ? MEDIUM : 1);
    event.put("status_id", refused ? 2 : 1).put("status", refused ? "Failure" : "Success");
    ObjectNode metadata = event.putObject("metadata").put("version", VERSION);
    metadata.put("uid", record.id()).put("correlation_uid", record.jti());
    metadata.putObject("product").put("name", "Countersign").put("vendor_name", "Countersign");
    ObjectNode actor = event.putObject("actor");
    actor.putObject("user").put("uid", record.subject());
    actor.put("app_uid", record.data().path("client_id").asString(""));
    event
        .putObject("api")
        .put("operation", record.event())
        .putObject("service")
        .put("name", record.box());
    event.putObject("src_endpoint").put("name", record.box()).put("uid", record.writer());
    event.set("unmapped", record.data());
    return StrictJson.write(event);
  }
}
