package dev.countersign.bench;

import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a box says of one hop at `/metrics`: how often, and how long in all.
///
/// @param seconds of all together
record Hop(double count, double seconds) {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  static Hop read(WireClient wire, URI gateway, String hop) {
    String text = wire.send("GET", gateway.resolve("/metrics"), Map.of(), null, TIMEOUT).text();
    return new Hop(value(text, "count", hop), value(text, "sum", hop));
  }

  private static double value(String text, String what, String hop) {
    Matcher found =
        Pattern.compile("(?m)^gateway_hop_seconds_" + what + "\\{hop=\"" + hop + "\"\\} (\\S+)$")
            .matcher(text);
    return found.find() ? Double.parseDouble(found.group(1)) : 0;
  }

  /// The mean of those since another look, in milliseconds.
  double millisSince(Hop before) {
    return (seconds - before.seconds) * 1_000 / Math.max(1, count - before.count);
  }
}
