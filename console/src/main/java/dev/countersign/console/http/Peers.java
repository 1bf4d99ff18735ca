package dev.countersign.console.http;

import dev.countersign.console.Provider;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The other consoles of an installation. Each keeps its own people's sessions, and a provider
/// tells only one of them that a session is over: that one passes the provider's message on as it
/// is, and every console checks it for itself. Threads may share it.
final class Peers {
  private static final Logger LOG = LoggerFactory.getLogger(Peers.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int ATTEMPTS = 8;
  private static final long FIRST_PAUSE_MILLIS = 250;

  private final List<URI> peers;
  private final WireClient client = new WireClient();

  Peers(List<URI> peers) {
    this.peers = peers;
  }

  /// Passes a logout token on, and does not wait for it.
  void tell(Provider provider, String logoutToken) {
    for (URI peer : peers) {
      var address = URI.create(peer + "/backchannel-logout/" + provider.id() + "?relayed=yes");
      Thread.ofVirtual().name("logout-relay").start(() -> tell(address, logoutToken));
    }
  }

  private void tell(URI address, String logoutToken) {
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (isTold(address, logoutToken)) {
          return;
        }
        TimeUnit.MILLISECONDS.sleep(FIRST_PAUSE_MILLIS << attempt);
      }
      LOG.error("{} was not told that a session is over", address);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isTold(URI address, String logoutToken) {
    try {
      WireClient.Answer answer =
          client.postForm(address, Map.of(), Map.of("logout_token", logoutToken), PATIENCE);
      return answer.status() == 200 || answer.status() == 400; // 400: it knew already
    } catch (UnavailableException away) {
      return false;
    }
  }
}
