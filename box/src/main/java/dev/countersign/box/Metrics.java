package dev.countersign.box;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Set;
import java.util.function.Supplier;

/// The counters of one box, shown at `/metrics`. Tags hold words of a small closed set, never a
/// subject, a token or anything else that a caller chooses. Threads may share it.
public final class Metrics {
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  public MeterRegistry registry() {
    return registry;
  }

  /// The counter of this name and these tags, made when first asked for.
  ///
  /// @param tags key, value, key, value
  public Counter counter(String name, String... tags) {
    return registry.counter(name, tags);
  }

  /// The timer of this name and these tags, made when first asked for.
  ///
  /// @param tags key, value, key, value
  public Timer timer(String name, String... tags) {
    return registry.timer(name, tags);
  }

  /// A value that is read whenever metrics are.
  ///
  /// @param tags key, value, key, value
  public void gauge(String name, Supplier<Number> value, String... tags) {
    Gauge.builder(name, value).tags(tags).register(registry);
  }

  void request(String box, String method, int status, Duration duration) {
    timer(
            "http.server.requests",
            "box",
            box,
            "method",
            method(method),
            "status",
            Integer.toString(status))
        .record(duration);
  }

  /// A method's name, if it is one that everybody knows.
  static String method(String name) {
    return METHODS.contains(name) ? name : "other";
  }

  String scrape() {
    return registry.scrape();
  }
}
