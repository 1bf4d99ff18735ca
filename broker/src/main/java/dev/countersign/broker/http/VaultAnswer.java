package dev.countersign.broker.http;

import dev.countersign.broker.MintResult;
import dev.countersign.broker.vault.Session;
import dev.countersign.broker.vault.Session.Holder;
import dev.countersign.broker.vault.Sessions;
import dev.countersign.broker.vault.Wrapping;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// Vault's envelope: every member is there, null where it says nothing.
final class VaultAnswer {
  private VaultAnswer() {}

  /// A credential; the one place where its password leaves.
  ///
  /// @param mountType what kind of mount it was asked from
  static ObjectNode credential(MintResult.Minted minted, String mountType, Instant now) {
    ObjectNode body =
        envelope(
            minted.lease().id().text(),
            minted.lease().remaining(now).toSeconds(),
            minted.lease().isRenewable());
    body.putObject("data")
        .put("username", minted.lease().user().text())
        .put("password", minted.password().reveal());
    return body.put("mount_type", mountType);
  }

  static ObjectNode data(ObjectNode data) {
    ObjectNode body = envelope("", 0, false);
    body.set("data", data);
    return body;
  }

  /// What a path below `sys` answers: its data stands beside the envelope's members as well.
  static ObjectNode system(ObjectNode data) {
    ObjectNode body = data(data);
    data.properties()
        .forEach(member -> {
          if (!body.has(member.getKey())) {
            body.set(member.getKey(), member.getValue());
          }
        });
    return body;
  }

  /// A lease that was renewed.
  static ObjectNode lease(String lease, long seconds) {
    return envelope(lease, seconds, true);
  }

  /// A session; the one place where its token leaves.
  static ObjectNode auth(Secret token, Session session, Instant now) {
    ObjectNode body = envelope("", 0, false);
    ObjectNode auth =
        body.putObject("auth")
            .put("client_token", token.reveal())
            .put("accessor", session.accessor());
    auth.putArray("policies").add("default").add(policy(session));
    auth.putArray("token_policies").add("default").add(policy(session));
    auth.set("metadata", metadata(session));
    auth.put("lease_duration", session.remaining(now).toSeconds())
        .put("renewable", session.isRenewable())
        .put("entity_id", "")
        .put("token_type", "service")
        .put("orphan", true)
        .putNull("mfa_requirement")
        .put("num_uses", 0);
    return body;
  }

  /// What the session's holder may read about it.
  static ObjectNode session(Secret token, Session session, String path, Instant now) {
    ObjectNode data =
        StrictJson.object()
            .put("accessor", session.accessor())
            .put("creation_time", session.issuedAt().getEpochSecond())
            .put("creation_ttl", Sessions.TIME_TO_LIVE.toSeconds())
            .put("display_name", "jwt-" + session.presenter().name())
            .put("entity_id", "")
            .put("expire_time", time(session.expiresAt()))
            .put("explicit_max_ttl", 0)
            .put("id", token.reveal())
            .put("issue_time", time(session.issuedAt()))
            .put("num_uses", 0)
            .put("orphan", true)
            .put("path", path)
            .put("renewable", session.isRenewable())
            .put("ttl", session.remaining(now).toSeconds())
            .put("type", "service");
    data.set("meta", metadata(session));
    data.putArray("policies").add("default").add(policy(session));
    return data;
  }

  private static String policy(Session session) {
    return switch (session.holder()) {
      case Holder.OfRequest _ -> "approved-request";
      case Holder.Operator _ -> "operator";
    };
  }

  private static ObjectNode metadata(Session session) {
    ObjectNode metadata = StrictJson.object();
    return switch (session.holder()) {
      case Holder.OfRequest request ->
          metadata.put("role", request.role()).put("jti", request.token().id().jti());
      case Holder.Operator operator ->
          metadata.put("role", "operator").put("workload", operator.workload());
    };
  }

  /// What stands in the place of an answer that was put away.
  static ObjectNode wrapped(Wrapping.Wrapped wrapped, ObjectNode answer) {
    ObjectNode body = envelope("", 0, false);
    ObjectNode info =
        body.putObject("wrap_info")
            .put("token", wrapped.token().reveal())
            .put("accessor", wrapped.accessor())
            .put("ttl", wrapped.timeToLive().toSeconds())
            .put("creation_time", time(wrapped.createdAt()))
            .put("creation_path", wrapped.path());
    String accessor = answer.path("auth").path("accessor").asString("");
    if (!accessor.isEmpty()) {
      info.put("wrapped_accessor", accessor);
    }
    return body;
  }

  static String time(Instant instant) {
    return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(instant.atOffset(ZoneOffset.UTC));
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
