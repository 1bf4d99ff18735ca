package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.MintResult;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerResponse;
import java.time.Instant;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// Vault's envelope: every member is there, null where it says nothing.
final class VaultAnswer {
  private static final String MOUNT_TYPE = "verify-rar";

  private VaultAnswer() {}

  /// A credential; the one place where its password leaves.
  static void credential(ServerResponse response, MintResult.Minted minted, Instant now) {
    ObjectNode body =
        envelope(
            minted.lease().id().text(),
            minted.lease().remaining(now).toSeconds(),
            minted.lease().isRenewable());
    body.putObject("data")
        .put("username", minted.lease().user().text())
        .put("password", minted.password().reveal());
    Http.json(response, 200, body.put("mount_type", MOUNT_TYPE));
  }

  static void data(ServerResponse response, ObjectNode data) {
    ObjectNode body = envelope("", 0, false);
    body.set("data", data);
    Http.json(response, 200, body);
  }

  /// A lease that was renewed.
  static void lease(ServerResponse response, String lease, long seconds) {
    Http.json(response, 200, envelope(lease, seconds, true));
  }

  /// `sys/health`: the one path that asks for nothing and so tells nothing about the set-up.
  static void health(ServerResponse response, Instant now) {
    Http.json(
        response,
        200,
        StrictJson.object()
            .put("initialized", true)
            .put("sealed", false)
            .put("standby", false)
            .put("replication_performance_mode", "disabled")
            .put("replication_dr_mode", "disabled")
            .put("server_time_utc", now.getEpochSecond()));
  }

  private static ObjectNode envelope(String lease, long seconds, boolean isRenewable) {
    ObjectNode body =
        StrictJson.object()
            .put("request_id", UUID.randomUUID().toString())
            .put("lease_id", lease)
            .put("renewable", isRenewable)
            .put("lease_duration", seconds);
    for (String member : new String[] {"data", "wrap_info", "warnings", "auth"}) {
      body.putNull(member);
    }
    return body;
  }
}
