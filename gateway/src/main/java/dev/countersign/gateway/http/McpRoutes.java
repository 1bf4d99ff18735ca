package dev.countersign.gateway.http;

import dev.countersign.box.Http;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.LiveRequest;
import dev.countersign.gateway.mcp.McpAnswer;
import dev.countersign.gateway.mcp.McpHeaders;
import dev.countersign.gateway.mcp.McpServer;
import dev.countersign.gateway.mcp.Subscription;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.StrictJson;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `/mcp` and its metadata: everything that is checked before a message of the protocol is read, in
/// the order that the specification's answers need.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9728 RFC 9728
public final class McpRoutes implements Consumer<HttpRouting.Builder> {
  private static final int MAX_HEADER = 256;

  private final GatewayConfig config;
  private final Set<String> detailTypes;
  private final Door door;
  private final McpServer server;
  private final SessionCheck sessions;
  private final Listening listening;

  public McpRoutes(
      GatewayConfig config,
      Tools tools,
      Door door,
      McpServer server,
      SessionCheck sessions,
      Listening listening) {
    this.config = config;
    this.detailTypes = new TreeSet<>(tools.detailTypes());
    this.door = door;
    this.server = server;
    this.sessions = sessions;
    this.listening = listening;
  }

  @Override
  public void accept(HttpRouting.Builder routing) {
    routing
        .get(Door.METADATA, this::metadata)
        .get(Door.METADATA + "/mcp", this::metadata)
        .post("/mcp", this::post)
        .get("/mcp", this::get)
        .delete("/mcp", this::delete)
        .any("/mcp", this::otherMethod);
  }

  private void metadata(ServerRequest request, ServerResponse response) {
    if (door.crossesBorder(request, response)) {
      return;
    }
    ObjectNode body = StrictJson.object();
    body.put("resource", config.resource().toString()).put("resource_name", "Countersign");
    ArrayNode issuers = body.putArray("authorization_servers");
    switch (config.mode()) {
      case TE -> config.anchors().forEach(anchor -> issuers.add(anchor.issuer()));
      case VALIDATE -> issuers.add(config.upstreams().sts().toString());
      case BOTH -> {
        config.anchors().forEach(anchor -> issuers.add(anchor.issuer()));
        issuers.add(config.upstreams().sts().toString());
      }
    }
    if (!door.scopes().isEmpty()) {
      ArrayNode supported = body.putArray("scopes_supported");
      door.scopes().forEach(supported::add);
    }
    body.putArray("bearer_methods_supported").add("header");
    if (config.mode() != GatewayConfig.Mode.TE) {
      DpopProofs.ALGORITHMS.forEach(body.putArray("dpop_signing_alg_values_supported")::add);
      body.put("dpop_bound_access_tokens_required", config.border().dpopRequired());
    }
    ArrayNode types = body.putArray("authorization_details_types_supported");
    detailTypes.forEach(types::add);
    Http.json(response, 200, body);
  }

  private void post(ServerRequest request, ServerResponse response) {
    if (hasWrongForm(request, response) || door.crossesBorder(request, response)) {
      return;
    }
    Optional<Caller> caller = door.caller(request, response, Door.Wording.OAUTH);
    if (caller.isEmpty()) {
      return;
    }
    Caller known = caller.get();
    McpHeaders headers = name -> request.headers().values(HeaderNames.create(name));
    byte[] body = Http.body(request);
    var live = new LiveRequest();
    new LiveAnswer(response, live, sessions, known.presented())
        .answer(
            () -> server.answer(known, headers, body, live),
            answer -> send(known, response, answer));
  }

  private void send(Caller caller, ServerResponse response, McpAnswer answer) {
    switch (answer) {
      case McpAnswer.Listens(Subscription subscription) -> {
        if (!listening.listen(caller, subscription, response)) {
          send(caller, response, McpServer.tooManyStreams(subscription));
        }
      }
      case McpAnswer.Message(int status, ObjectNode body) -> Http.json(response, status, body);
      case McpAnswer.Opened(ObjectNode body, String session) -> {
        response.header(McpServer.SESSION_HEADER, session);
        Http.json(response, 200, body);
      }
      case McpAnswer.NoSession(ObjectNode body) -> Http.json(response, 404, body);
      case McpAnswer.Accepted _ -> Http.empty(response, 202);
      case McpAnswer.SignIn _ -> door.signIn(response, Door.Wording.OAUTH);
    }
  }

  /// The stream of the older revisions, where there is anything to tell: a client that gets 405
  /// goes on without.
  private void get(ServerRequest request, ServerResponse response) {
    if (door.crossesBorder(request, response)) {
      return;
    }
    Optional<Caller> caller = door.caller(request, response, Door.Wording.OAUTH);
    if (caller.isEmpty()) {
      return;
    }
    Optional<String> session = session(request);
    if (session.isPresent() && !server.knows(caller.get(), session.get())) {
      noSession(response);
      return;
    }
    boolean isStream = accepts("text/event-stream", request.headers().values(HeaderNames.ACCEPT));
    if (!isStream || !listening.isWorthwhile()) {
      notHere(response);
    } else if (!listening.admits(caller.get())) {
      door.signIn(response, Door.Wording.OAUTH);
    } else if (!listening.listen(caller.get(), Subscription.OLDER, response)) {
      notHere(response);
    }
  }

  private void delete(ServerRequest request, ServerResponse response) {
    if (door.crossesBorder(request, response)) {
      return;
    }
    Optional<Caller> caller = door.caller(request, response, Door.Wording.OAUTH);
    Optional<String> session = session(request);
    if (caller.isPresent() && session.isEmpty()) {
      notHere(response);
    } else if (caller.isPresent() && server.end(caller.get(), session.orElseThrow())) {
      Http.empty(response, 204);
    } else if (caller.isPresent()) {
      noSession(response);
    }
  }

  private static Optional<String> session(ServerRequest request) {
    return request.headers().values(HeaderNames.create(McpServer.SESSION_HEADER)).stream()
        .findFirst();
  }

  private static void noSession(ServerResponse response) {
    refuse(response, 404, "invalid_request", "there is no such session");
  }

  /// Authorization comes first here too.
  private void otherMethod(ServerRequest request, ServerResponse response) {
    if (!door.crossesBorder(request, response)
        && door.caller(request, response, Door.Wording.OAUTH).isPresent()) {
      notHere(response);
    }
  }

  private static void notHere(ServerResponse response) {
    response.header("Allow", "POST");
    refuse(response, 405, "method_not_allowed", "only POST is served here");
  }

  private boolean hasWrongForm(ServerRequest request, ServerResponse response) {
    if (!isOnly("application/json", request.headers().values(HeaderNames.CONTENT_TYPE))) {
      door.refused("", "the content type is not JSON");
      refuse(response, 415, "invalid_request", "the content type must be application/json");
      return true;
    }
    List<String> accepted = request.headers().values(HeaderNames.ACCEPT);
    if (!accepts("application/json", accepted) || !accepts("text/event-stream", accepted)) {
      door.refused("", "`Accept` lacks a type");
      refuse(
          response,
          406,
          "invalid_request",
          "Accept must list application/json and text/event-stream");
      return true;
    }
    return false;
  }

  private static boolean isOnly(String type, List<String> values) {
    if (values.size() != 1 || values.getFirst().length() > MAX_HEADER) {
      return false;
    }
    String[] parts = values.getFirst().toLowerCase(Locale.ROOT).split(";", 2);
    boolean utf8 =
        parts.length == 1 || parts[1].isBlank() || parts[1].strip().matches("charset=\"?utf-8\"?");
    return parts[0].strip().equals(type) && utf8;
  }

  private static boolean accepts(String type, List<String> values) {
    String family = type.substring(0, type.indexOf('/')) + "/*";
    return values.stream()
        .flatMap(value -> List.of(value.toLowerCase(Locale.ROOT).split(",", -1)).stream())
        .map(range -> range.split(";", 2)[0].strip())
        .anyMatch(range -> range.equals(type) || range.equals(family) || range.equals("*/*"));
  }

  private static void refuse(ServerResponse response, int status, String code, String description) {
    Http.json(response, status, Door.Wording.OAUTH.body(false, code, description));
  }
}
