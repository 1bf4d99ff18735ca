package dev.countersign.protocol.http;

import dev.countersign.protocol.UnavailableException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The HTTP client of every box: no redirects, a time limit for the whole call, a limit on the size
/// of the answer.
///
/// Threads may share it.
public final class WireClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final int MAX_BODY = 1 << 20;
  private static final String KEEP_ALIVE = "jdk.httpclient.keepalive.timeout";

  static {
    // Shorter than the time after which our servers close an idle connection: a POST on a
    // connection
    // that is just being closed would fail, and is not repeated.
    if (System.getProperty(KEEP_ALIVE) == null) {
      System.setProperty(KEEP_ALIVE, "10");
    }
  }

  private final HttpClient client =
      HttpClient.newBuilder()
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(CONNECT_TIMEOUT)
          .version(HttpClient.Version.HTTP_1_1)
          .build();

  /// GET.
  ///
  /// @throws WireFailure if there is no complete answer in time
  public Answer get(URI address, Map<String, String> headers, Duration timeout) {
    return send("GET", address, headers, null, timeout);
  }

  /// POST of a form (`application/x-www-form-urlencoded`).
  ///
  /// @throws WireFailure if there is no complete answer in time
  public Answer postForm(
      URI address, Map<String, String> headers, Map<String, String> form, Duration timeout) {
    String body =
        form.entrySet().stream()
            .map(field -> encode(field.getKey()) + "=" + encode(field.getValue()))
            .collect(Collectors.joining("&"));
    var all = new HashMap<>(headers);
    all.put("Content-Type", "application/x-www-form-urlencoded");
    return send("POST", address, all, body, timeout);
  }

  /// Any method with a text body, usually JSON; the caller names the `Content-Type`.
  ///
  /// @throws WireFailure if there is no complete answer in time
  public Answer send(
      String method,
      URI address,
      Map<String, String> headers,
      @Nullable String body,
      Duration timeout) {
    var request = HttpRequest.newBuilder(address).timeout(timeout);
    headers.forEach(request::header);
    request.method(
        method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body));
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream stream = response.body()) {
        return new Answer(response.statusCode(), read(stream), response.headers().map());
      }
    } catch (IOException failed) {
      String why = failed instanceof HttpTimeoutException ? " in time" : "";
      throw new WireFailure(
          method + " " + withoutQuery(address) + ": no complete answer" + why, failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new WireFailure(method + " " + withoutQuery(address) + ": interrupted", interrupted);
    }
  }

  private static byte[] read(InputStream stream) throws IOException {
    var bytes = new ByteArrayOutputStream();
    byte[] part = new byte[8192];
    for (int count = stream.read(part); count >= 0; count = stream.read(part)) {
      bytes.write(part, 0, count);
      if (bytes.size() > MAX_BODY) {
        throw new IOException("the answer is longer than 1 MiB");
      }
    }
    return bytes.toByteArray();
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String withoutQuery(URI address) {
    return address.getScheme() + "://" + address.getAuthority() + address.getRawPath();
  }

  /// A complete answer, whatever its status. Threads may share it.
  public static final class Answer {
    private final int status;
    private final byte[] body;
    private final Map<String, List<String>> headers;

    Answer(int status, byte[] body, Map<String, List<String>> headers) {
      this.status = status;
      this.body = body.clone();
      this.headers = Map.copyOf(headers);
    }

    public int status() {
      return status;
    }

    /// The body's bytes.
    public byte[] body() {
      return body.clone();
    }

    /// The headers, by names in lower case.
    public Map<String, List<String>> headers() {
      return headers;
    }

    /// The body as text.
    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    /// The first value of a header.
    public Optional<String> header(String name) {
      return headers.entrySet().stream()
          .filter(header -> header.getKey().equalsIgnoreCase(name))
          .flatMap(header -> header.getValue().stream())
          .findFirst();
    }
  }

  /// The called party did not answer completely in time.
  public static final class WireFailure extends UnavailableException {
    public WireFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
