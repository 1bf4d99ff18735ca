package dev.countersign.gateway.http;

import dev.countersign.box.Http;
import dev.countersign.gateway.BearerCheck;
import dev.countersign.gateway.Bearers;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.Refusals;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.LiveRequest;
import dev.countersign.gateway.mcp.McpAnswer;
import dev.countersign.gateway.mcp.McpHeaders;
import dev.countersign.gateway.mcp.McpServer;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
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
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `/mcp` and its metadata: everything that is checked before a message of the protocol is read, in
/// the order that the specification's answers need.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9728 RFC 9728
/// @spec https://www.rfc-editor.org/rfc/rfc6750#section-3 RFC 6750 §3
public final class McpRoutes implements Consumer<HttpRouting.Builder> {
  private static final String METADATA = "/.well-known/oauth-protected-resource";
  private static final int MAX_HEADER = 256;

  private final GatewayConfig config;
  private final Set<String> hosts;
  private final Set<String> scopes;
  private final Set<String> detailTypes;
  private final Bearers bearers;
  private final McpServer server;
  private final SessionCheck sessions;
  private final Refusals refusals;

  public McpRoutes(
      GatewayConfig config,
      Tools tools,
      Bearers bearers,
      McpServer server,
      SessionCheck sessions,
      Refusals refusals) {
    this.config = config;
    this.detailTypes = new TreeSet<>(tools.detailTypes());
    this.hosts = config.hosts();
    this.scopes = new TreeSet<>();
    config.anchors().forEach(anchor -> scopes.addAll(anchor.scopes()));
    this.bearers = bearers;
    this.server = server;
    this.sessions = sessions;
    this.refusals = refusals;
  }

  @Override
  public void accept(HttpRouting.Builder routing) {
    routing
        .get(METADATA, this::metadata)
        .get(METADATA + "/mcp", this::metadata)
        .post("/mcp", this::post)
        .any("/mcp", this::otherMethod);
  }

  private void metadata(ServerRequest request, ServerResponse response) {
    if (crossesBorder(request, response)) {
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
    if (!scopes.isEmpty()) {
      ArrayNode supported = body.putArray("scopes_supported");
      scopes.forEach(supported::add);
    }
    body.putArray("bearer_methods_supported").add("header");
    ArrayNode types = body.putArray("authorization_details_types_supported");
    detailTypes.forEach(types::add);
    Http.json(response, 200, body);
  }

  private void post(ServerRequest request, ServerResponse response) {
    if (hasWrongForm(request, response) || crossesBorder(request, response)) {
      return;
    }
    Optional<Caller> caller = caller(request, response);
    if (caller.isEmpty()) {
      return;
    }
    Caller known = caller.get();
    McpHeaders headers = name -> request.headers().values(HeaderNames.create(name));
    byte[] body = Http.body(request);
    var live = new LiveRequest();
    new LiveAnswer(response, live, sessions, known.presented())
        .answer(() -> server.answer(known, headers, body, live), answer -> send(response, answer));
  }

  private void send(ServerResponse response, McpAnswer answer) {
    switch (answer) {
      case McpAnswer.Message(int status, ObjectNode body) -> Http.json(response, status, body);
      case McpAnswer.Accepted _ -> Http.empty(response, 202);
      case McpAnswer.SignIn _ -> challenge(response, OAuthError.INVALID_TOKEN, scopes);
    }
  }

  /// There is no stream to open and no session to end; authorization comes first all the same.
  private void otherMethod(ServerRequest request, ServerResponse response) {
    if (crossesBorder(request, response) || caller(request, response).isEmpty()) {
      return;
    }
    response.header("Allow", "POST");
    refuse(response, 405, "method_not_allowed", "only POST is served here");
  }

  private boolean hasWrongForm(ServerRequest request, ServerResponse response) {
    if (!isOnly("application/json", request.headers().values(HeaderNames.CONTENT_TYPE))) {
      refused("", "the content type is not JSON");
      refuse(response, 415, "invalid_request", "the content type must be application/json");
      return true;
    }
    List<String> accepted = request.headers().values(HeaderNames.ACCEPT);
    if (!accepts("application/json", accepted) || !accepts("text/event-stream", accepted)) {
      refused("", "`Accept` lacks a type");
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

  /// A browser page that was led here by a rebound name shows a foreign `Host` or `Origin`.
  private boolean crossesBorder(ServerRequest request, ServerResponse response) {
    List<String> origins = request.headers().values(HeaderNames.ORIGIN);
    boolean ownOrigin =
        origins.isEmpty()
            || (origins.size() == 1
                && (origins.getFirst().equals(config.base().toString())
                    || config.border().origins().contains(origins.getFirst())));
    List<String> named = request.headers().values(HeaderNames.HOST);
    boolean ownHost =
        named.size() <= 1
            && hosts.contains(String.valueOf(request.authority()).toLowerCase(Locale.ROOT));
    if (ownOrigin && ownHost) {
      return false;
    }
    String what = ownOrigin ? "`Host`" : "`Origin`";
    refused("", what + " is not served here");
    refuse(response, 403, "invalid_request", what + " is not served here");
    return true;
  }

  private Optional<Caller> caller(ServerRequest request, ServerResponse response) {
    Optional<Secret> bearer;
    try {
      if (request.query().contains("access_token")) {
        throw new WireException(
            OAuthError.INVALID_REQUEST, "a token belongs in the header, not in the query");
      }
      bearer = Http.bearer(request);
    } catch (WireException malformed) {
      refused("", malformed.description());
      response.header("WWW-Authenticate", challengeText(OAuthError.INVALID_REQUEST, scopes));
      refuse(response, 400, malformed.error().code(), malformed.description());
      return Optional.empty();
    }
    if (bearer.isEmpty()) {
      refused("", "no bearer");
      challenge(response, null, scopes);
      return Optional.empty();
    }
    return switch (bearers.check(bearer.get())) {
      case BearerCheck.Accepted(Caller caller) -> Optional.of(caller);
      case BearerCheck.Rejected(String reason) -> {
        refused("", "bearer: " + reason);
        challenge(response, OAuthError.INVALID_TOKEN, scopes);
        yield Optional.empty();
      }
      case BearerCheck.TooNarrow(String subject, Set<String> needed) -> {
        refused(subject, "bearer: a scope is missing");
        challenge(response, OAuthError.INSUFFICIENT_SCOPE, needed);
        yield Optional.empty();
      }
      case BearerCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private void refused(String subject, String reason) {
    refusals.record(subject, reason);
  }

  private void challenge(ServerResponse response, @Nullable OAuthError error, Set<String> needed) {
    response.header("WWW-Authenticate", challengeText(error, needed));
    OAuthError told = error == null ? OAuthError.INVALID_TOKEN : error;
    refuse(
        response,
        told.httpStatus(),
        told.code(),
        error == OAuthError.INSUFFICIENT_SCOPE
            ? "the token lacks a scope"
            : "sign in with an authorization server of this resource");
  }

  private String challengeText(@Nullable OAuthError error, Set<String> needed) {
    var text = new StringBuilder("Bearer resource_metadata=\"");
    text.append(config.base()).append(METADATA).append("/mcp\"");
    if (!needed.isEmpty()) {
      text.append(", scope=\"").append(String.join(" ", new TreeSet<>(needed))).append('"');
    }
    if (error != null) {
      text.append(", error=\"").append(error.code()).append('"');
    }
    return text.toString();
  }

  private static void refuse(ServerResponse response, int status, String code, String description) {
    Http.json(
        response,
        status,
        StrictJson.object().put("error", code).put("error_description", description));
  }
}
