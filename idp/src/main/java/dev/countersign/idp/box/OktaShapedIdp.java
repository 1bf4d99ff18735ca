package dev.countersign.idp.box;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.SigningKeys;
import dev.countersign.idp.http.OktaRoutes;
import java.net.URI;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/// A running Okta-shaped identity provider, for development.
public final class OktaShapedIdp implements AutoCloseable {
  private final BoxServer server;
  private final OktaRoutes.Keys keys;
  private final String customServerId;

  private OktaShapedIdp(BoxServer server, OktaRoutes.Keys keys, String customServerId) {
    this.server = server;
    this.keys = keys;
    this.customServerId = customServerId;
  }

  /// Starts listening on loopback.
  public static OktaShapedIdp start(OktaIdpConfig config, InstantSource clock) {
    var base = new CompletableFuture<URI>();
    var keys =
        new OktaRoutes.Keys(
            SigningKeys.plain(), SigningKeys.plainWhenNeeded(), SigningKeys.plainWhenNeeded());
    var routes = new OktaRoutes(config, base::join, keys, clock);
    var server =
        BoxServer.start(
            BoxServer.Settings.of("idp-okta", config.listener(), new Health(), new Metrics()),
            routes::install);
    base.complete(server.baseUri());
    return new OktaShapedIdp(server, keys, config.customServer().id());
  }

  /// The org: `http://host:port`, without path; also the issuer of the org authorization server.
  public URI baseUri() {
    return server.baseUri();
  }

  /// The issuer of the custom authorization server.
  public URI issuer() {
    return URI.create(baseUri() + "/oauth2/" + customServerId);
  }

  /// Signs with the next key from now on, at both servers; tokens of the previous ones still
  /// verify.
  public void rotateKeys() {
    keys.custom().rotate();
    keys.org().rotate();
  }

  @Override
  public void close() {
    server.close();
  }
}
