package dev.countersign.console;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// An identity provider whose tokens last as long as the test wants, and that ends sessions by the
/// back channel. It signs in whoever comes.
final class ProviderStandIn implements AutoCloseable {
  private static final String LOGOUT = "http://schemas.openid.net/event/backchannel-logout";

  final List<Map<String, String>> tokenRequests = Collections.synchronizedList(new ArrayList<>());
  volatile long lifetime = 3600;
  volatile int renewalStatus = 200;
  private final ECKey key = newKey();
  private final JwtSigner signer = new JwtSigner(key);
  private volatile String nonce = "";
  private final BoxServer server =
      BoxServer.start(
          BoxServer.Settings.of("idp", Listener.loopback(0), new Health(), new Metrics()),
          routing ->
              routing
                  .get("/.well-known/openid-configuration", this::discovery)
                  .get("/keys", this::keys)
                  .get("/authorize", this::authorize)
                  .post("/token", this::token));

  private static ECKey newKey() {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID("k").algorithm(JWSAlgorithm.ES256).generate();
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /// Why no sign-in is redeemed; empty where they are.
  volatile String refusal = "";

  URI issuer() {
    return server.baseUri();
  }

  /// A logout token for the console, before changes.
  ObjectNode logout() {
    ObjectNode claims = claims().put("jti", Ids.random()).put("sid", "session-1");
    claims.putObject("events").putObject(LOGOUT);
    return claims;
  }

  String sign(String type, ObjectNode claims) {
    return signer.sign(type, claims);
  }

  private ObjectNode claims() {
    long now = Instant.now().getEpochSecond();
    return StrictJson.object()
        .put("iss", issuer().toString())
        .put("aud", "console")
        .put("sub", "maya")
        .put("iat", now)
        .put("exp", now + 120);
  }

  private void discovery(ServerRequest request, ServerResponse response) {
    Http.json(
        response,
        200,
        StrictJson.object()
            .put("issuer", issuer().toString())
            .put("authorization_endpoint", issuer() + "/authorize")
            .put("token_endpoint", issuer() + "/token")
            .put("jwks_uri", issuer() + "/keys")
            .put("end_session_endpoint", issuer() + "/logout"));
  }

  private void keys(ServerRequest request, ServerResponse response) {
    ObjectNode body = StrictJson.object();
    body.putArray("keys").add(StrictJson.parseObject(key.toPublicJWK().toJSONString()));
    Http.json(response, 200, body);
  }

  private void authorize(ServerRequest request, ServerResponse response) {
    Map<String, String> query = Http.query(request);
    nonce = query.getOrDefault("nonce", "");
    Http.redirect(response, query.get("redirect_uri") + "?code=c&state=" + query.get("state"));
  }

  private void token(ServerRequest request, ServerResponse response) {
    Map<String, String> form = Http.form(request);
    form.put("Authorization", Http.header(request, "Authorization").orElse(""));
    tokenRequests.add(form);
    boolean renews = "refresh_token".equals(form.get("grant_type"));
    if (!refusal.isEmpty()) {
      Http.json(
          response,
          401,
          StrictJson.object().put("error", "invalid_client").put("error_description", refusal));
      return;
    }
    if (renews && renewalStatus != 200) {
      Http.json(response, renewalStatus, StrictJson.object().put("error", "invalid_grant"));
      return;
    }
    ObjectNode answer = StrictJson.object().put("token_type", "Bearer");
    answer.put("access_token", renews ? "bearer-2" : "bearer-1").put("expires_in", lifetime);
    answer.put("refresh_token", "refresh-1");
    answer.put("id_token", sign("JWT", claims().put("nonce", nonce).put("sid", "session-1")));
    Http.json(response, 200, answer);
  }

  @Override
  public void close() {
    server.close();
  }
}
