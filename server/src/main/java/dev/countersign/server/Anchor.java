package dev.countersign.server;

import dev.countersign.ledger.Checkpoint;
import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/// The place outside of the house that keeps a copy of every checkpoint: a file that is appended
/// to, or an address that takes each by HTTP PUT. What could not be sent is sent before the next
/// one, in order; a restart forgets it, and the next checkpoint covers it.
///
/// For one thread.
final class Anchor {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int MOST_WAITING = 1_000;

  private final URI place;
  private final WireClient wire = new WireClient();
  private final Deque<Checkpoint> waiting = new ArrayDeque<>();

  Anchor(URI place) {
    this.place = place;
  }

  /// Sends a copy, after those that wait.
  ///
  /// @throws IOException if it, or one before it, could not be sent
  /// @throws dev.countersign.protocol.UnavailableException if nobody answers there
  void send(Checkpoint signed) throws IOException {
    waiting.addLast(signed);
    if (waiting.size() > MOST_WAITING) {
      waiting.removeFirst();
    }
    while (!waiting.isEmpty()) {
      deliver(waiting.getFirst());
      waiting.removeFirst();
    }
  }

  private void deliver(Checkpoint signed) throws IOException {
    if ("file".equals(place.getScheme())) {
      Files.writeString(
          Path.of(place),
          signed.statement() + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      return;
    }
    URI address = URI.create(place + (place.toString().endsWith("/") ? "" : "/") + signed.number());
    var headers = Map.of("Content-Type", "application/jose");
    var answer = wire.send("PUT", address, headers, signed.statement(), TIMEOUT);
    if (answer.status() >= 300) {
      throw new IOException("the anchor answers " + answer.status());
    }
  }
}
