package dev.countersign.console;

import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.StrictJson;
import java.net.URI;

/// A token service that is asked only whether a person is still in.
final class UserInfoStandIn implements AutoCloseable {
  volatile int status = 200;
  private final BoxServer server =
      BoxServer.start(
          BoxServer.Settings.of("sts", Listener.loopback(0), new Health(), new Metrics()),
          routing ->
              routing.get(
                  "/oauth2/userinfo",
                  (_, response) -> Http.json(response, status, StrictJson.object())));

  URI issuer() {
    return server.baseUri();
  }

  @Override
  public void close() {
    server.close();
  }
}
