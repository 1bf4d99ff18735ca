package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.vault.Wrapping;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Sends answers in Vault's envelope, or puts them away where the request asks for wrapping.
final class Answers {
  private static final String WRAP = "X-Vault-Wrap-TTL";
  private static final Duration LONGEST = Duration.ofHours(1);

  private final Wrapping wrapping;

  Answers(Wrapping wrapping) {
    this.wrapping = wrapping;
  }

  /// Sends an envelope.
  void send(ServerRequest request, ServerResponse response, ObjectNode envelope) {
    Optional<Duration> wrapFor = wrapFor(request);
    if (wrapFor.isEmpty()) {
      Http.json(response, 200, envelope);
      return;
    }
    String path = request.path().rawPath().replaceFirst("^/v1/", "");
    Http.json(
        response, 200, VaultAnswer.wrapped(wrapping.wrap(envelope, path, wrapFor.get()), envelope));
  }

  /// For how long the answer is to be wrapped. Ask before anything is done.
  ///
  /// @throws VaultRefusal if the header is no time, or too long a one
  static Optional<Duration> wrapFor(ServerRequest request) {
    Optional<String> header = Http.header(request, WRAP);
    if (header.isEmpty()) {
      return Optional.empty();
    }
    Optional<Duration> time = Times.of(header.get()).filter(t -> t.compareTo(LONGEST) <= 0);
    if (time.isPresent()) {
      return time.filter(Duration::isPositive);
    }
    throw VaultRefusal.malformed("`X-Vault-Wrap-TTL` must be a time of at most one hour");
  }
}
