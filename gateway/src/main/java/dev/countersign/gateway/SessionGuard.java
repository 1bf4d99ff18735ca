package dev.countersign.gateway;

import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import tools.jackson.databind.node.ObjectNode;

/// Stops a statement when its person's sessions are ended while it runs.
///
/// Our own broker hears of a kill and ends the login's connections. A Vault of your own does not,
/// so for its logins the gateway, which alone holds them, asks once a second. A statement that
/// takes less is never asked about. Threads may share it.
public final class SessionGuard {
  private final SessionWatch sessions;
  private final Duration every;
  private final InstantSource clock;

  /// @param every how long to wait before each question
  public SessionGuard(SessionWatch sessions, Duration every, InstantSource clock) {
    this.sessions = sessions;
    this.every = every;
    this.clock = clock;
  }

  /// Begins to watch.
  ///
  /// @return what ends it
  Watch over(Secret onBehalfOfToken, Cut cut) {
    ObjectNode claims = CompactJws.parse(onBehalfOfToken.reveal()).unverifiedClaims();
    // A bound token answers to its holder's proof only, and one whose time is over to nobody: there
    // the statement's own time-out is the bound.
    if (claims.has("cnf")) {
      return () -> {};
    }
    Instant expires = Instant.ofEpochSecond(claims.path("exp").asLong(0));
    Thread thread = Thread.startVirtualThread(() -> watch(onBehalfOfToken, expires, cut));
    return thread::interrupt;
  }

  private void watch(Secret token, Instant expires, Cut cut) {
    try {
      while (true) {
        Thread.sleep(every);
        if (!clock.instant().isBefore(expires)) {
          return;
        }
        if (sessions.isEnded(token)) {
          cut.now();
          return;
        }
      }
    } catch (InterruptedException over) {
      // The call has ended.
      return;
    }
  }

  /// One call that is watched.
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
