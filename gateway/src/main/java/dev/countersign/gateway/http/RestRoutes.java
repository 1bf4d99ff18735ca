package dev.countersign.gateway.http;

import dev.countersign.box.Http;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.LiveRequest;
import dev.countersign.gateway.mcp.McpAnswer;
import dev.countersign.gateway.mcp.RestTwin;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// `/tool`, `/hitl/complete`, `/me/audit`, `/me/session-status`: behind the same door as `/mcp`.
public final class RestRoutes implements Consumer<HttpRouting.Builder> {
  private static final Door.Wording WORDING =
      (isMissing, code, description) -> {
        String error =
            isMissing ? "missing_bearer" : code.equals("invalid_token") ? "inactive_session" : code;
        return StrictJson.object()
            .put("ok", false)
            .put("error", error)
            .put("error_description", description);
      };
  private static final Door.Wording STATUS =
      (isMissing, code, description) ->
          isMissing
              ? WORDING.body(true, code, description)
              : StrictJson.object().put("active", false).put("reason", "session_revoked");

  private final Door door;
  private final RestTwin twin;
  private final SessionCheck sessions;

  public RestRoutes(Door door, RestTwin twin, SessionCheck sessions) {
    this.door = door;
    this.twin = twin;
    this.sessions = sessions;
  }

  @Override
  public void accept(HttpRouting.Builder routing) {
    routing
        .post("/tool", (request, response) -> guarded(request, response, twin::tool))
        .post("/hitl/complete", (request, response) -> guarded(request, response, twin::complete))
        .get("/me/audit", this::audit)
        .get("/me/session-status", this::status);
  }

  @FunctionalInterface
  private interface Work {
    McpAnswer.Message answer(Caller caller, ObjectNode body, LiveRequest live);
  }

  private void guarded(ServerRequest request, ServerResponse response, Work work) {
    if (door.crossesBorder(request, response)) {
      return;
    }
    Optional<Caller> caller = door.caller(request, response, WORDING);
    if (caller.isEmpty()) {
      return;
    }
    ObjectNode body = Http.jsonBody(request);
    var live = new LiveRequest();
    new LiveAnswer(response, live, sessions, caller.get().presented())
        .answer(
            () -> work.answer(caller.get(), body, live),
            answer -> send(response, (McpAnswer.Message) answer));
  }

  private void audit(ServerRequest request, ServerResponse response) {
    if (!door.crossesBorder(request, response)) {
      door.caller(request, response, WORDING)
          .ifPresent(caller -> {
            String limit = Http.query(request).getOrDefault("limit", "50");
            send(response, twin.audit(caller, limit));
          });
    }
  }

  private void status(ServerRequest request, ServerResponse response) {
    if (!door.crossesBorder(request, response)) {
      door.caller(request, response, STATUS)
          .ifPresent(caller -> send(response, twin.status(caller)));
    }
  }

  private void send(ServerResponse response, McpAnswer.Message answer) {
    if (answer.status() == 401) {
      door.challenge(response);
    }
    Http.json(response, answer.status(), answer.body());
  }
}
