package dev.countersign.idp;

import dev.countersign.box.Listener;
import java.net.URI;
import java.util.List;
import java.util.regex.Pattern;

/// Keeps these servers where nobody else can reach them: they know their people's passwords.
final class Loopback {
  private static final Pattern LITERAL = Pattern.compile("127(\\.\\d{1,3}){3}|::1|localhost");

  private Loopback() {}

  static void check(Listener listener, List<String> problems) {
    // Stricter than the other boxes: TLS does not open this one to the network either.
    if (!LITERAL.matcher(listener.host()).matches()) {
      problems.add("a development identity provider listens on loopback only, such as 127.0.0.1");
    }
  }

  static URI baseUri(Listener listener) {
    if (listener.port() == 0) {
      throw new IllegalStateException("the port is chosen at the start");
    }
    String host = listener.host().contains(":") ? "[" + listener.host() + "]" : listener.host();
    String scheme = listener.tls().isPresent() ? "https" : "http";
    return URI.create(scheme + "://" + host + ":" + listener.port());
  }
}
