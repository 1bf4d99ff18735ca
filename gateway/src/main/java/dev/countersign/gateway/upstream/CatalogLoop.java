package dev.countersign.gateway.upstream;

import dev.countersign.gateway.tools.Server;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the catalog up to date: approvals within two seconds, each server's tools as often as its
/// `recheck` says. A server that is away stops nobody else.
public final class CatalogLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CatalogLoop.class);
  private static final Duration TICK = Duration.ofSeconds(2);

  private final Catalog catalog;
  private final Thread approvals;
  private final Map<String, Thread> looks = new ConcurrentHashMap<>();
  private final Map<String, String> told = new ConcurrentHashMap<>();

  private CatalogLoop(Catalog catalog) {
    this.catalog = catalog;
    this.approvals =
        Thread.ofVirtual().name("approvals").unstarted(() -> repeat("approvals", this::approvals));
  }

  /// Starts it; without servers there is nothing to do.
  public static CatalogLoop start(Catalog catalog) {
    var loop = new CatalogLoop(catalog);
    if (!catalog.servers().isEmpty()) {
      loop.approvals.start();
      for (Server server : catalog.servers()) {
        loop.looks.put(
            server.name(),
            Thread.ofVirtual()
                .name("look-" + server.name())
                .start(() -> loop.repeat(server.name(), () -> loop.look(server))));
      }
    }
    return loop;
  }

  private void approvals() {
    catalog.readApprovals();
  }

  private void look(Server server) {
    if (catalog.isDue(server)) {
      catalog.look(server, Catalog.forLists(server));
    }
  }

  private void repeat(String what, Runnable work) {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        work.run();
        if (told.remove(what) != null) {
          LOG.info("{}: looked at again", what);
        }
      } catch (UpstreamFailure | UnavailableException failed) {
        tell(what, String.valueOf(failed.getMessage()));
      } catch (RuntimeException fault) {
        LOG.error("{}: looking failed", what, fault);
      }
      try {
        Thread.sleep(TICK);
      } catch (InterruptedException closing) {
        return;
      }
    }
  }

  private void tell(String what, String reason) {
    if (!reason.equals(told.put(what, reason))) {
      LOG.warn("{}: cannot be looked at: {}", what, reason);
    }
  }

  @Override
  public void close() {
    approvals.interrupt();
    looks.values().forEach(Thread::interrupt);
  }
}
