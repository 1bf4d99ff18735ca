package dev.countersign.signals.transmit.http;

import dev.countersign.signals.transmit.Stream;
import dev.countersign.signals.transmit.StreamBell;
import dev.countersign.signals.transmit.StreamStore;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks for pushed streams without end and gives each one a worker of its own while there is
/// something for it, so that an endpoint which hangs holds up no other stream.
public final class PushLoop implements Runnable, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PushLoop.class);

  private final StreamStore streams;
  private final Pushes pushes;
  private final StreamBell bell;
  private final Set<String> busy = ConcurrentHashMap.newKeySet();
  private final Set<Thread> workers = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  public PushLoop(StreamStore streams, Pushes pushes, StreamBell bell) {
    this.streams = streams;
    this.pushes = pushes;
    this.bell = bell;
  }

  @Override
  public void run() {
    boolean wasAway = false;
    while (!closed) {
      long rings = bell.rings();
      try {
        start(streams.pushed());
        wasAway = false;
      } catch (RuntimeException away) {
        if (!wasAway) {
          LOG.warn("nothing can be pushed now, trying on: {}", away.getMessage());
        }
        wasAway = true;
      }
      if (!bell.await(rings)) {
        return;
      }
    }
  }

  private void start(List<Stream> pushed) {
    for (Stream stream : pushed) {
      if (stream.delivery() instanceof Stream.Delivery.Push push && busy.add(stream.id())) {
        Thread worker =
            Thread.ofVirtual().name("push-" + stream.id()).unstarted(() -> work(stream, push));
        workers.add(worker);
        worker.start();
      }
    }
  }

  private void work(Stream stream, Stream.Delivery.Push push) {
    try {
      boolean more = true;
      while (more && !closed) {
        more = pushes.push(stream, push);
      }
    } catch (RuntimeException away) {
      LOG.warn("stream {}: pushes wait: {}", stream.id(), away.getMessage());
    } finally {
      busy.remove(stream.id());
      workers.remove(Thread.currentThread());
    }
  }

  /// Breaks off what is under way; it is pushed again later.
  @Override
  public void close() {
    closed = true;
    new HashSet<>(workers).forEach(Thread::interrupt);
  }
}
