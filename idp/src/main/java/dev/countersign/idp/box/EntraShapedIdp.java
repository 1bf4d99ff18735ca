package dev.countersign.idp.box;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.SigningKeys;
import dev.countersign.idp.http.EntraRoutes;
import java.net.URI;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/// A running Entra-shaped identity provider, for development.
public final class EntraShapedIdp implements AutoCloseable {
  private final BoxServer server;
  private final SigningKeys keys;
  private final String tenantId;

  private EntraShapedIdp(BoxServer server, SigningKeys keys, String tenantId) {
    this.server = server;
    this.keys = keys;
    this.tenantId = tenantId;
  }

  /// Starts listening on loopback.
  public static EntraShapedIdp start(EntraIdpConfig config, InstantSource clock) {
    var base = new CompletableFuture<URI>();
    var keys = SigningKeys.certified(clock);
    var routes = new EntraRoutes(config, base::join, keys, clock);
    var server =
        BoxServer.start(
            BoxServer.Settings.of("idp-entra", config.listener(), new Health(), new Metrics()),
            routes::install);
    base.complete(server.baseUri());
    return new EntraShapedIdp(server, keys, config.tenantId());
  }

  /// `http://host:port`, without path.
  public URI baseUri() {
    return server.baseUri();
  }

  /// The issuer of version 2 tokens.
  public URI issuer() {
    return URI.create(baseUri() + "/" + tenantId + "/v2.0");
  }

  /// Signs with the next key from now on; tokens of the previous one still verify.
  public void rotateKeys() {
    keys.rotate();
  }

  @Override
  public void close() {
    server.close();
  }
}
