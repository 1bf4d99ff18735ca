package dev.countersign.protocol.http;

import dev.countersign.protocol.UnavailableException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The HTTP client of every box towards addresses that only the operator chooses, such as the other
/// boxes: no redirects, a time limit for the whole call, a limit on the size of the answer.
///
/// Threads may share it.
public final class WireClient implements Wire {
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

  @Override
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
    String what = method + " " + withoutQuery(address);
    var handler =
        HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BODY);
    CompletableFuture<HttpResponse<byte[]>> call = client.sendAsync(request.build(), handler);
    try {
      // The request's own timeout ends with the headers; this one ends with the last byte.
      HttpResponse<byte[]> response = call.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return new Answer(response.statusCode(), response.body(), response.headers().map());
    } catch (TimeoutException late) {
      call.cancel(true);
      throw new WireFailure(what + ": no complete answer in time", late);
    } catch (ExecutionException failed) {
      Throwable why = failed.getCause() == null ? failed : failed.getCause();
      String late = why instanceof HttpTimeoutException ? " in time" : "";
      throw new WireFailure(what + ": no complete answer" + late, why);
    } catch (InterruptedException interrupted) {
      call.cancel(true);
      Thread.currentThread().interrupt();
      throw new WireFailure(what + ": interrupted", interrupted);
    }
  }

  private static String withoutQuery(URI address) {
    return address.getScheme() + "://" + address.getAuthority() + address.getRawPath();
  }

  /// A complete answer, whatever its status. Threads may share it.
  public static final class Answer {
    private final int status;
    private final byte[] body;
    private final Map<String, List<String>> headers;

    public Answer(int status, byte[] body, Map<String, List<String>> headers) {
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
