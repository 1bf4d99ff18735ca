package dev.countersign.sts.http;

import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.Ledger;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.AttributeDesk;
import dev.countersign.sts.Possession;
import dev.countersign.sts.Sessions;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.TokenService;
import dev.countersign.sts.TokenStatus;
import dev.countersign.sts.Tokens;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.keys.SigningKeys;
import dev.countersign.sts.stepup.StepUpParts;
import dev.countersign.sts.stepup.StepUps;
import io.helidon.http.HttpException;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// All routes of the token service.
public final class StsRoutes {
  private final TokenEndpoint token;
  private final Discovery discovery;
  private final Verifications verifications;
  private final ApprovalPage page;
  private final TokenStatusEndpoints status;
  private final PageDoor door;
  private final PasskeyPage passkeys;
  private final UserInfo userInfo;
  private final SessionAdmin sessionAdmin;
  private final AttributeEndpoints attributes;
  private final Operations operations;

  /// @param types the types of authorization details that are known now
  public StsRoutes(
      StsConfig config,
      Supplier<Set<String>> types,
      SigningKeys keys,
      TokenService service,
      TokenStatus status,
      Possession possession,
      Tokens tokens,
      StepUpParts stepUp,
      Sessions sessions,
      PresenterAssertion.Checker presenters,
      AttributeDesk attributeDesk,
      PresenterAssertion.Checker attributeAdmins,
      PresenterAssertion.Checker operators,
      Ledger ledger,
      Metrics metrics,
      InstantSource clock) {
    var detailTypes = new TreeSet<String>();
    var scopes = new TreeSet<String>();
    for (Client client : config.clients()) {
      detailTypes.addAll(client.detailTypes());
      scopes.addAll(client.scopes());
    }
    StepUps stepUps = stepUp.stepUps();
    token = new TokenEndpoint(service, possession, stepUps::page, metrics);
    discovery =
        new Discovery(
            config.issuer().toString(),
            keys,
            () -> detailTypes.stream().filter(types.get()::contains).toList(),
            scopes,
            config.listener().tls().filter(Listener.Tls::asksForCertificates).isPresent());
    this.status = new TokenStatusEndpoints(status);
    var cookie = new ApprovalCookie(stepUp.formKey(), "https".equals(config.issuer().getScheme()));
    var issuers =
        config.anchors().stream()
            .filter(anchor -> config.stepUp().signIns().containsKey(anchor.name()))
            .collect(Collectors.toMap(Anchor::name, Anchor::issuer));
    var signIn =
        new PageSignIn(
            config.issuer().toString(), config.anchors(), config.stepUp().signIns(), clock);
    door = new PageDoor(signIn, stepUp.visits(), cookie, stepUp.answers(), issuers, clock);
    passkeys = new PasskeyPage(stepUp.webAuthn(), stepUp.passkeys(), door, cookie, ledger, clock);
    page = new ApprovalPage(stepUps, stepUp.answers(), door, cookie, passkeys, clock);
    verifications =
        new Verifications(
            stepUps, stepUp.answers(), tokens, stepUp.passesCodes(), stepUp.watch(), clock);
    userInfo = new UserInfo(sessions, possession);
    sessionAdmin = new SessionAdmin(sessions, presenters);
    attributes = new AttributeEndpoints(attributeDesk, attributeAdmins);
    operations = new Operations(sessions, operators);
  }

  private static void postOnly(ServerRequest request, ServerResponse response) {
    response.header("Allow", "POST");
    throw new HttpException("POST only", Status.METHOD_NOT_ALLOWED_405);
  }

  public void install(HttpRouting.Builder routing) {
    attributes.install(routing);
    routing
        .get("/.well-known/oauth-authorization-server", discovery::metadata)
        .get("/.well-known/openid-configuration", discovery::metadata)
        .get("/oauth2/.well-known/openid-configuration", discovery::metadata)
        .get("/oauth2/jwks", discovery::keys)
        .post("/oauth2/token", token::handle)
        .any("/oauth2/token", StsRoutes::postOnly)
        .post("/oauth2/introspect", status::introspect)
        .any("/oauth2/introspect", StsRoutes::postOnly)
        .post("/oauth2/revoke", status::revoke)
        .any("/oauth2/revoke", StsRoutes::postOnly)
        .get("/oauth2/userinfo", userInfo::handle)
        .get("/approve/passkeys", passkeys::show)
        .post("/approve/passkeys", passkeys::change)
        .get("/approve/passkey.js", passkeys::script)
        .get("/approve/sign-in/{anchor}", door::leave)
        .get("/approve/callback/{anchor}", door::comeBack)
        .get("/approve/{id}", page::show)
        .post("/approve/{id}", page::answer)
        .get("/v1.0/auth/sessions/{subject}", sessionAdmin::list)
        .delete("/v1.0/auth/sessions/{subject}", sessionAdmin::endAll)
        .route(Method.PATCH, "/v1.0/auth/sessions/{subject}", sessionAdmin::endSome)
        .post("/v1.0/auth/kills", operations::kill)
        .post("/v1.0/auth/openings", operations::open);
    for (Factor factor : List.of(Factor.EMAILOTP, Factor.SMSOTP)) {
      String path = "/v2.0/factors/" + factor.code() + "/transient/verifications";
      routing
          .post(path, verifications::start)
          .get(path + "/{id}", verifications::show)
          .post(path + "/{id}", verifications::submit)
          .delete(path + "/{id}", verifications::cancel);
    }
  }
}
