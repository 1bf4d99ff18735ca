package dev.countersign.sts.http;

import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.sts.Possession;
import dev.countersign.sts.Sessions;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.TokenService;
import dev.countersign.sts.TokenStatus;
import dev.countersign.sts.Tokens;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.keys.SigningKeys;
import dev.countersign.sts.stepup.StepUps;
import io.helidon.http.HttpException;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRouting;
import java.time.InstantSource;
import java.util.Set;
import java.util.TreeSet;

/// All routes of the token service.
public final class StsRoutes {
  private final TokenEndpoint token;
  private final Discovery discovery;
  private final Verifications verifications;
  private final ApprovalPage page;
  private final TokenStatusEndpoints status;
  private final UserInfo userInfo;
  private final SessionAdmin sessionAdmin;

  /// @param formKey 32 secret bytes for the approval page's forms, the same at every replica
  public StsRoutes(
      StsConfig config,
      TypeRegistry types,
      SigningKeys keys,
      TokenService service,
      TokenStatus status,
      Possession possession,
      Tokens tokens,
      StepUps stepUps,
      Sessions sessions,
      PresenterAssertion.Checker presenters,
      byte[] formKey,
      Metrics metrics,
      InstantSource clock) {
    var detailTypes = new TreeSet<String>();
    var scopes = new TreeSet<String>();
    for (Client client : config.clients()) {
      detailTypes.addAll(client.detailTypes());
      scopes.addAll(client.scopes());
    }
    detailTypes.retainAll(Set.copyOf(types.types()));
    token = new TokenEndpoint(service, possession, stepUps::page, metrics);
    discovery =
        new Discovery(
            config.issuer().toString(),
            keys,
            detailTypes,
            scopes,
            config.listener().tls().filter(Listener.Tls::asksForCertificates).isPresent());
    this.status = new TokenStatusEndpoints(status);
    verifications = new Verifications(stepUps, tokens, clock);
    page =
        new ApprovalPage(
            stepUps,
            new ApprovalCookie(formKey, "https".equals(config.issuer().getScheme())),
            clock);
    userInfo = new UserInfo(sessions, possession);
    sessionAdmin = new SessionAdmin(sessions, presenters);
  }

  public void install(HttpRouting.Builder routing) {
    routing
        .get("/.well-known/oauth-authorization-server", discovery::metadata)
        .get("/.well-known/openid-configuration", discovery::metadata)
        .get("/oauth2/.well-known/openid-configuration", discovery::metadata)
        .get("/oauth2/jwks", discovery::keys)
        .post("/oauth2/token", token::handle)
        .any(
            "/oauth2/token",
            (_, response) -> {
              response.header("Allow", "POST");
              throw new HttpException("POST only", Status.METHOD_NOT_ALLOWED_405);
            })
        .post("/oauth2/introspect", status::introspect)
        .post("/oauth2/revoke", status::revoke)
        .get("/oauth2/userinfo", userInfo::handle)
        .get("/v2.0/factors/emailotp/transient/verifications/{id}", verifications::handle)
        .get("/approve/{id}", page::show)
        .post("/approve/{id}", page::answer)
        .get("/v1.0/auth/sessions/{subject}", sessionAdmin::list)
        .delete("/v1.0/auth/sessions/{subject}", sessionAdmin::endAll)
        .route(Method.PATCH, "/v1.0/auth/sessions/{subject}", sessionAdmin::endSome);
  }
}
