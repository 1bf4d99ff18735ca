package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.util.Optional;

/// Reads `telemetry`: which OpenTelemetry collector is told of each call.
public final class TelemetrySection {
  private static final int ALL = 100;

  private TelemetrySection() {}

  static Optional<TelemetrySettings> read(ConfigSection section) {
    Optional<TelemetrySettings> settings =
        section.optionalSection("otlp").flatMap(TelemetrySection::otlp);
    section.done();
    return settings;
  }

  private static Optional<TelemetrySettings> otlp(ConfigSection section) {
    URI endpoint = section.uri("endpoint");
    Optional<Secret> authorization = section.optionalSecret("authorization");
    long percent = section.integer("percent", ALL);
    section.done();
    if (percent < 0 || percent > ALL) {
      section.problem("percent", "must be between 0 and 100");
    }
    boolean isHttp = endpoint.toString().matches("https?://[^/?#]+[^?#]*");
    if (!isHttp) {
      section.problem("endpoint", "must be an http or https address without query");
    }
    if (authorization.isPresent() && "http".equals(endpoint.getScheme())) {
      section.problem("authorization", "goes over https only; name such an endpoint");
    }
    return isHttp
        ? Optional.of(new TelemetrySettings(endpoint, authorization, (int) percent))
        : Optional.empty();
  }

  /// Where spans go.
  ///
  /// @param endpoint the collector's base address
  /// @param authorization the header's value at the collector
  /// @param percent how many of the traces that begin here are recorded; a caller's trace is
  ///   recorded where the caller records it
  public record TelemetrySettings(URI endpoint, Optional<Secret> authorization, int percent) {
    /// Where a collector takes spans.
    public URI tracesAddress() {
      String base = endpoint.toString();
      return URI.create((base.endsWith("/") ? base : base + "/") + "v1/traces");
    }
  }
}
