package dev.countersign.idp.http;

import dev.countersign.box.Http;
import dev.countersign.idp.AuthorizeCheck;
import dev.countersign.idp.Directory;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.SigningKeys;
import dev.countersign.idp.okta.OktaServer;
import dev.countersign.idp.okta.UsersApi;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// The routes of the Okta-shaped provider.
public final class OktaRoutes {
  private final String customPath;
  private final OktaServer custom;
  private final OktaServer org;
  private final UsersApi users;
  private final Directory directory;
  private final Pages pages = new Pages(Brand.okta());
  private final SignInRoutes signIn;
  private final DevelopmentRoutes development;

  public OktaRoutes(OktaIdpConfig config, Supplier<URI> base, Keys keys, InstantSource clock) {
    var signIns = new SignIns(clock);
    var events = new LoginEvents(clock);
    directory = new Directory(config.people());
    customPath = "/oauth2/" + config.customServer().id();
    custom = OktaServer.custom(config, base, keys.custom(), signIns, events, clock);
    org = OktaServer.org(config, base, keys.org(), keys.orgInternal(), signIns, events, clock);
    users = new UsersApi(config, signIns, events);
    var browser = new Browser(Brand.okta(), config.listener().tls().isPresent());
    signIn = new SignInRoutes(pages, browser, directory, signIns, events, clock);
    development =
        new DevelopmentRoutes(base, directory, signIns, events, List.of(keys.custom(), keys.org()));
  }

  public void install(HttpRouting.Builder routing) {
    routing.get("/", this::home);
    server(routing, custom, customPath, customPath + "/v1");
    server(routing, org, "", "/oauth2/v1");
    routing
        .post(SignInRoutes.FORM_PATH, signIn::submit)
        .delete("/api/v1/users/{key}/sessions", this::endSessions);
    development.install(routing);
  }

  private void server(
      HttpRouting.Builder routing, OktaServer server, String issuer, String endpoints) {
    routing
        .get(
            issuer + "/.well-known/openid-configuration",
            (_, response) -> Answers.send(response, server.discovery()))
        .get(
            issuer + "/.well-known/oauth-authorization-server",
            (_, response) -> Answers.send(response, server.discovery()))
        .get(endpoints + "/keys", (_, response) -> Answers.send(response, server.keySet()))
        .get(endpoints + "/authorize", signIn.authorize(server))
        .post(
            endpoints + "/token",
            (request, response) ->
                Answers.send(response, server.tokenEndpoint().answer(Http.form(request))))
        .get(
            endpoints + "/userinfo",
            (request, response) ->
                Answers.send(response, server.tokenChecks().userinfo(EntraRoutes.bearer(request))))
        .post(
            endpoints + "/introspect",
            (request, response) ->
                Answers.send(response, server.tokenChecks().introspect(Http.form(request))))
        .post(
            endpoints + "/revoke",
            (request, response) ->
                Answers.send(response, server.tokenChecks().revoke(Http.form(request))))
        .get(endpoints + "/logout", (request, response) -> logout(server, request, response));
  }

  private void home(ServerRequest request, ServerResponse response) {
    Http.html(
        response,
        200,
        pages.home(
            directory.people(),
            List.of(
                customPath + "/.well-known/openid-configuration",
                customPath + "/v1/keys",
                "/.well-known/openid-configuration",
                "/dev/sessions")));
  }

  private void logout(OktaServer server, ServerRequest request, ServerResponse response) {
    Map<String, String> parameters = Http.query(request);
    String hint = parameters.getOrDefault("id_token_hint", "");
    if (!server.isOwnIdToken(hint)) {
      signIn.show(
          response,
          new AuthorizeCheck.Shown(
              "invalid_request", "The 'id_token_hint' parameter is missing or invalid."));
      return;
    }
    signIn.signOut(request, response);
    String target = parameters.getOrDefault("post_logout_redirect_uri", "");
    if (server.mayReturnTo(hint, target)) {
      Answers.found(response, EntraRoutes.withState(target, parameters));
    } else {
      signIn.showSignedOut(response);
    }
  }

  private void endSessions(ServerRequest request, ServerResponse response) {
    Answers.send(
        response,
        users.endSessions(
            Http.header(request, "Authorization").orElse(""),
            request.path().pathParameters().get("key"),
            Http.query(request).getOrDefault("oauthTokens", "")));
  }

  /// The keys of both authorization servers.
  ///
  /// @param orgInternal sign the org's access tokens and are published nowhere
  public record Keys(SigningKeys custom, SigningKeys org, SigningKeys orgInternal) {}
}
