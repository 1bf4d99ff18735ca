package dev.countersign.box;

import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// Ends connections whose caller sends the headers or the body of a request too slowly; else a few
/// thousand such callers would keep everyone else out. The web server itself only ends connections
/// that are idle between requests.
///
/// Each request is read by a thread of its own; interrupting it closes its connection.
final class ReadDeadlines implements Http1ConnectionListener, AutoCloseable {
  private final Map<Thread, Long> ends = new ConcurrentHashMap<>();
  private final long limitNanos;
  private final Thread watcher;

  ReadDeadlines(Duration limit) {
    limitNanos = limit.toNanos();
    long pauseMillis = Math.clamp(limit.toMillis() / 10, 10, 1_000);
    watcher = Thread.ofPlatform().daemon().name("read-deadlines").start(() -> watch(pauseMillis));
  }

  private void watch(long pauseMillis) {
    try {
      while (true) {
        Thread.sleep(pauseMillis);
        long now = System.nanoTime();
        ends.forEach((reader, end) -> {
          if (end - now < 0 && ends.remove(reader, end)) {
            reader.interrupt();
          }
        });
      }
    } catch (InterruptedException closed) {
      // The server has stopped.
    }
  }

  @Override
  public void prologue(ConnectionContext connection, HttpPrologue prologue) {
    begin();
  }

  @Override
  public void headers(ConnectionContext connection, Headers headers) {
    end();
  }

  /// Reads within the time limit.
  ///
  /// @throws CloseConnectionException if that takes longer
  <T> T within(Supplier<T> reading) {
    begin();
    try {
      return reading.get();
    } finally {
      end();
    }
  }

  private void begin() {
    ends.put(Thread.currentThread(), System.nanoTime() + limitNanos);
  }

  private void end() {
    if (ends.remove(Thread.currentThread()) == null) {
      // The interrupt must not reach what this thread does next.
      Thread.interrupted();
      throw new CloseConnectionException("the caller is too slow");
    }
  }

  @Override
  public void close() {
    watcher.interrupt();
  }
}
