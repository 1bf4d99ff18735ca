package dev.countersign.server.config;

import dev.countersign.box.Listener;
import dev.countersign.config.ConfigSection;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/// What several sections have in common: listeners, addresses, and records that check themselves.
final class Sections {
  private Sections() {}

  /// The `listen` section: host, port, and the two PEM files for TLS.
  static Listener listener(ConfigSection box) {
    return listener(box, false);
  }

  /// Reads where a box listens.
  ///
  /// @param mayAsk whether callers may be asked for certificates
  static Listener listener(ConfigSection box, boolean mayAsk) {
    ConfigSection listen = box.section("listen");
    String host = listen.optionalText("host").orElse("127.0.0.1");
    int port = (int) listen.integer("port");
    Optional<Path> certificate = listen.optionalPath("certificate");
    Optional<Path> key = listen.optionalPath("key");
    if (certificate.isPresent() != key.isPresent()) {
      listen.problem("certificate", "certificate and key belong together; name both");
    }
    boolean asks = mayAsk && listen.flag("client-certificates", false);
    if (asks && certificate.isEmpty()) {
      listen.problem("client-certificates", "needs TLS: name certificate and key");
    }
    listen.done();
    Optional<Listener.Tls> tls =
        certificate.flatMap(file -> key.map(secret -> new Listener.Tls(file, secret, asks)));
    return checked(box, "listen", () -> new Listener(host, port, tls))
        .orElseGet(() -> Listener.loopback(0));
  }

  /// The box's address as others call it: `address`, or what it listens on.
  static URI address(ConfigSection box, Listener listener) {
    return box.optionalUri("address")
        .orElseGet(() ->
            URI.create(
                (listener.tls().isPresent() ? "https" : "http")
                    + "://"
                    + listener.host()
                    + ":"
                    + listener.port()));
  }

  /// Builds a record that checks itself; each line of its complaint becomes a problem of the key.
  static <T> Optional<T> checked(ConfigSection section, String key, Supplier<T> record) {
    try {
      return Optional.of(record.get());
    } catch (IllegalArgumentException wrong) {
      String.valueOf(wrong.getMessage()).lines().forEach(line -> section.problem(key, line));
      return Optional.empty();
    }
  }
}
