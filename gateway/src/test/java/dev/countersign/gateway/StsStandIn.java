package dev.countersign.gateway;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerificationKeys;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// Speaks the STS's wire. What it decides is what the test says.
final class StsStandIn implements AutoCloseable {
  private final ECKey key = KeyFiles.newEc();
  private final JwtSigner signer = new JwtSigner(key);
  private final InstantSource clock;
  private final BoxServer server;
  private final PresenterAssertion.Checker clients;

  /// Every form of the token endpoint.
  final List<Map<String, String>> forms = new CopyOnWriteArrayList<>();

  /// Every token that was issued.
  final List<String> issued = new CopyOnWriteArrayList<>();

  volatile Function<Map<String, String>, Reply> decision = this::permit;
  volatile Consumer<ObjectNode> claims = _ -> {};
  volatile String state = "PENDING";
  volatile String jti = Ids.random();

  /// The code that the person was sent.
  static final String CODE = "123456";

  /// Whether the gateway is registered to pass codes on.
  volatile boolean passesCodes;

  /// Whether everybody's sessions are ended.
  volatile boolean killed;

  record Reply(int status, ObjectNode body) {}

  StsStandIn(ECKey gateway, InstantSource clock) {
    this.clock = clock;
    var settings = BoxServer.Settings.of("sts", Listener.loopback(0), new Health(), new Metrics());
    this.server =
        BoxServer.start(
            settings,
            routing ->
                routing
                    .get(
                        "/oauth2/jwks",
                        (_, response) -> Http.json(response, 200, KeyFiles.publicSet(List.of(key))))
                    .post("/oauth2/token", this::token)
                    .get("/oauth2/userinfo", this::userInfo)
                    .post("/oauth2/introspect", this::introspect)
                    .get("/v2.0/factors/emailotp/transient/verifications/{id}", this::verification)
                    .post("/v2.0/factors/emailotp/transient/verifications/{id}", this::submit));
    this.clients =
        new PresenterAssertion.Checker(
            Set.of(issuer()),
            Map.of(
                "gateway",
                KeySource.of(VerificationKeys.parse(KeyFiles.publicSet(List.of(gateway))))),
            (_, _, _) -> true,
            clock);
  }

  void reset() {
    forms.clear();
    issued.clear();
    decision = this::permit;
    claims = _ -> {};
    state = "PENDING";
    jti = Ids.random();
    killed = false;
    passesCodes = false;
  }

  URI uri() {
    return server.baseUri();
  }

  String issuer() {
    return server.baseUri().toString();
  }

  Reply permit(Map<String, String> form) {
    ObjectNode obo = StrictJson.object();
    long now = clock.instant().getEpochSecond();
    obo.put("iss", issuer())
        .put("sub", subject(form))
        .put("aud", form.getOrDefault("resource", ""));
    obo.put("client_id", "gateway").put("iat", now).put("exp", now + 60).put("jti", jti);
    obo.put("scope", form.getOrDefault("scope", ""));
    obo.putObject("act").put("sub", "gateway");
    obo.set(
        "authorization_details", StrictJson.parse(form.getOrDefault("authorization_details", "")));
    claims.accept(obo);
    String token = signer.sign(TokenTypes.ACCESS_TOKEN, obo);
    issued.add(token);
    ObjectNode body = StrictJson.object().put("access_token", token);
    body.put("issued_token_type", TokenTypes.ACCESS_TOKEN_URN).put("token_type", "Bearer");
    body.put("expires_in", 60).put("scope", form.getOrDefault("scope", "")).put("jti", jti);
    return new Reply(200, body);
  }

  /// Steps up, and permits the second leg.
  Reply stepUp(Map<String, String> form) {
    if (TokenTypes.JWT_BEARER_GRANT.equals(form.get("grant_type"))) {
      return permit(form);
    }
    ObjectNode claims = StrictJson.object().put("iss", issuer()).put("aud", issuer());
    String challenge = signer.sign(TokenTypes.CHALLENGE, claims);
    issued.add(challenge);
    ObjectNode body = StrictJson.object().put("access_token", challenge);
    body.put("token_type", "Bearer").put("scope", "mfa_challenge").put("expires_in", 300);
    body.put("approval_id", "a-1").put("approval_uri", issuer() + "/approve/a-1");
    body.put("expires_at", clock.instant().plusSeconds(300).toString());
    body.put("message", "Refund 80.00 USD to R-884-2233.").put("jti", jti);
    return new Reply(200, body);
  }

  Reply error(int status, String code, String description) {
    ObjectNode body = StrictJson.object().put("error", code);
    body.put("error_description", description).put("jti", jti);
    body.putArray("reasons").add("rule-1: over the limit");
    return new Reply(status, body);
  }

  /// The stand-in for policy's word about a person: whose token it is, without any check.
  private static String subject(Map<String, String> form) {
    if (!form.containsKey("subject_token")) {
      return Stage.MAYA;
    }
    String payload = form.getOrDefault("subject_token", "").split("\\.", -1)[1];
    ObjectNode claims = StrictJson.parseObject(Base64.getUrlDecoder().decode(payload));
    return "entra|" + claims.path("oid").asString("");
  }

  private void token(ServerRequest request, ServerResponse response) {
    Map<String, String> form = Http.form(request);
    forms.add(form);
    if (!(clients.check(form.getOrDefault("client_assertion", ""))
        instanceof PresenterAssertion.Result.Presenter)) {
      Http.json(response, 401, StrictJson.object().put("error", "invalid_client"));
      return;
    }
    Reply reply =
        killed ? error(400, "invalid_request", "the sessions were ended") : decision.apply(form);
    Http.json(response, reply.status, reply.body);
  }

  private void userInfo(ServerRequest request, ServerResponse response) {
    boolean isIn = !killed && Http.bearer(request).isPresent();
    ObjectNode body = StrictJson.object();
    Http.json(response, isIn ? 200 : 401, isIn ? body.put("email", "maya@example.com") : body);
  }

  private void introspect(ServerRequest request, ServerResponse response) {
    Map<String, String> form = Http.form(request);
    boolean isKnown =
        clients.check(form.getOrDefault("client_assertion", ""))
            instanceof PresenterAssertion.Result.Presenter;
    boolean isActive = !killed && issued.contains(form.getOrDefault("token", ""));
    Http.json(response, isKnown ? 200 : 401, StrictJson.object().put("active", isActive));
  }

  private void verification(ServerRequest request, ServerResponse response) {
    boolean authorized = Http.bearer(request).filter(t -> issued.contains(t.reveal())).isPresent();
    ObjectNode body = StrictJson.object().put("id", "a-1").put("state", state);
    if (state.equals("VERIFY_SUCCESS")) {
      String assertion = signer.sign(TokenTypes.APPROVAL, StrictJson.object().put("iss", issuer()));
      issued.add(assertion);
      body.put("assertion", assertion);
    }
    Http.json(response, authorized ? 200 : 401, body);
  }

  private void submit(ServerRequest request, ServerResponse response) {
    if (!passesCodes) {
      Http.json(response, 403, StrictJson.object().put("error", "unauthorized_client"));
    } else if (Http.jsonBody(request).path("otp").asString("").equals(CODE)) {
      state = "VERIFY_SUCCESS";
      verification(request, response);
    } else {
      ObjectNode body = StrictJson.object().put("id", "a-1").put("state", "PENDING");
      Http.json(response, 401, body.put("retries", 3));
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
