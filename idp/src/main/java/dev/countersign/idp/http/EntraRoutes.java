package dev.countersign.idp.http;

import dev.countersign.box.Http;
import dev.countersign.idp.Directory;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.SigningKeys;
import dev.countersign.idp.entra.EntraTenant;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// The routes of the Entra-shaped provider.
public final class EntraRoutes {
  private static final String BASIC = "Basic ";

  private final String tenantPath;
  private final EntraTenant tenant;
  private final Directory directory;
  private final Pages pages = new Pages(Brand.entra());
  private final SignInRoutes signIn;
  private final DevelopmentRoutes development;

  public EntraRoutes(
      EntraIdpConfig config, Supplier<URI> base, SigningKeys keys, InstantSource clock) {
    var signIns = new SignIns(clock);
    var events = new LoginEvents(clock);
    directory = new Directory(config.people());
    tenantPath = "/" + config.tenantId();
    tenant = new EntraTenant(config, base, keys, signIns, events, clock);
    var browser = new Browser(Brand.entra(), config.listener().tls().isPresent());
    signIn = new SignInRoutes(pages, browser, directory, signIns, events, clock);
    development = new DevelopmentRoutes(base, directory, signIns, events, List.of(keys));
  }

  public void install(HttpRouting.Builder routing) {
    routing
        .get("/", this::home)
        .get(
            tenantPath + "/v2.0/.well-known/openid-configuration",
            (_, response) -> Answers.send(response, tenant.discovery()))
        .get(
            tenantPath + "/.well-known/openid-configuration",
            (_, response) -> Answers.send(response, tenant.version1Discovery()))
        .get(
            tenantPath + "/discovery/v2.0/keys",
            (_, response) -> Answers.send(response, tenant.keySet()))
        .get(
            tenantPath + "/discovery/keys",
            (_, response) -> Answers.send(response, tenant.keySet()))
        .get(tenantPath + "/oauth2/v2.0/authorize", signIn.authorize(tenant))
        .post(SignInRoutes.FORM_PATH, signIn::submit)
        .post(tenantPath + "/oauth2/v2.0/token", this::token)
        .get(tenantPath + "/oauth2/v2.0/logout", this::logout)
        .get("/graph/oidc/userinfo", this::userinfo)
        .post("/graph/v1.0/users/{key}/revokeSignInSessions", this::revoke)
        .any("/{tenant}/oauth2/v2.0/{endpoint}", this::unknownTenant)
        .any("/{tenant}/v2.0/.well-known/openid-configuration", this::unknownTenant);
    development.install(routing);
  }

  private void home(ServerRequest request, ServerResponse response) {
    Http.html(
        response,
        200,
        pages.home(
            directory.people(),
            List.of(
                tenantPath + "/v2.0/.well-known/openid-configuration",
                tenantPath + "/discovery/v2.0/keys",
                "/dev/sessions")));
  }

  private void token(ServerRequest request, ServerResponse response) {
    var form = new HashMap<>(Http.form(request));
    Http.header(request, "Authorization")
        .filter(value -> value.startsWith(BASIC))
        .ifPresent(value -> addBasicCredentials(value.substring(BASIC.length()), form));
    Answers.send(response, tenant.tokenEndpoint().answer(form));
  }

  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749 §2.3.1
  private static void addBasicCredentials(String encoded, Map<String, String> form) {
    String[] credentials;
    try {
      credentials =
          new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8).split(":", 2);
      for (int i = 0; i < credentials.length; i++) {
        credentials[i] = URLDecoder.decode(credentials[i], StandardCharsets.UTF_8);
      }
    } catch (IllegalArgumentException malformed) {
      throw new WireException(OAuthError.INVALID_CLIENT, "`Authorization` is malformed");
    }
    if (credentials.length != 2 || form.containsKey("client_secret")) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "authenticate the client in exactly one way");
    }
    form.put("client_id", credentials[0]);
    form.put("client_secret", credentials[1]);
  }

  private void logout(ServerRequest request, ServerResponse response) {
    Map<String, String> parameters = Http.query(request);
    signIn.signOut(request, response);
    String target = parameters.getOrDefault("post_logout_redirect_uri", "");
    if (tenant.clientWithPostLogoutUri(target).isPresent()) {
      Answers.found(response, withState(target, parameters));
    } else {
      signIn.showSignedOut(response);
    }
  }

  static String withState(String target, Map<String, String> parameters) {
    return Optional.ofNullable(parameters.get("state"))
        .map(state ->
            target + (target.contains("?") ? "&" : "?") + Answers.encode(Map.of("state", state)))
        .orElse(target);
  }

  private void userinfo(ServerRequest request, ServerResponse response) {
    Answers.send(response, tenant.graph().userinfo(bearer(request)));
  }

  private void revoke(ServerRequest request, ServerResponse response) {
    String key = request.path().pathParameters().get("key");
    Answers.send(response, tenant.graph().revokeSignInSessions(bearer(request), key));
  }

  private void unknownTenant(ServerRequest request, ServerResponse response) {
    Answers.send(response, tenant.unknownTenant());
  }

  static String bearer(ServerRequest request) {
    return Http.bearer(request).map(Secret::reveal).orElse("");
  }
}
