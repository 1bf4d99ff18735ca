package dev.countersign.protocol.http;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A way to call others: no redirects, a time limit for the whole call, a limit on the size of the
/// answer. Threads may share it.
@FunctionalInterface
public interface Wire {
  /// Any method with a text body, usually JSON; the caller names the `Content-Type`.
  ///
  /// @param timeout for the whole call, from the connection to the last byte
  /// @throws WireClient.WireFailure if there is no complete answer in time
  WireClient.Answer send(
      String method,
      URI address,
      Map<String, String> headers,
      @Nullable String body,
      Duration timeout);

  /// GET.
  ///
  /// @throws WireClient.WireFailure if there is no complete answer in time
  default WireClient.Answer get(URI address, Map<String, String> headers, Duration timeout) {
    return send("GET", address, headers, null, timeout);
  }

  /// POST of a form (`application/x-www-form-urlencoded`).
  ///
  /// @throws WireClient.WireFailure if there is no complete answer in time
  default WireClient.Answer postForm(
      URI address, Map<String, String> headers, Map<String, String> form, Duration timeout) {
    String body =
        form.entrySet().stream()
            .map(field -> encode(field.getKey()) + "=" + encode(field.getValue()))
            .collect(Collectors.joining("&"));
    var all = new HashMap<>(headers);
    all.put("Content-Type", "application/x-www-form-urlencoded");
    return send("POST", address, all, body, timeout);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
