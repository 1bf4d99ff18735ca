package dev.countersign.protocol.http;

import dev.countersign.protocol.TraceContext;
import dev.countersign.protocol.UnavailableException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
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
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
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
    inTrace(request);
    request.method(
        method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body));
    String what = method + " " + withoutQuery(address);
    var handler =
        HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BODY);
    CompletableFuture<HttpResponse<byte[]>> call = client.sendAsync(request.build(), handler);
    HttpResponse<byte[]> response = await(call, call, what, timeout);
    return new Answer(response.statusCode(), response.body(), response.headers().map());
  }

  /// Sends a request and reads the answer line by line, as it comes, until `isLast` says that what
  /// was waited for is there: an event stream need not end by itself.
  ///
  /// @param maxBody the most bytes of the answer that are read
  /// @param timeout for the whole call, from the connection to the last line
  /// @param isLast takes each line on one thread at a time; true ends the reading
  /// @return status and headers; the body is what `isLast` has seen
  /// @throws WireFailure if there is no complete answer in time
  public Answer lines(
      String method,
      URI address,
      Map<String, String> headers,
      @Nullable String body,
      Duration timeout,
      int maxBody,
      Predicate<String> isLast) {
    var request = HttpRequest.newBuilder(address).timeout(timeout);
    headers.forEach(request::header);
    inTrace(request);
    request.method(
        method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body));
    String what = method + " " + withoutQuery(address);
    var enough = new CompletableFuture<Answer>();
    HttpResponse.BodyHandler<Void> handler =
        info ->
            HttpResponse.BodySubscribers.fromLineSubscriber(
                new LinesUntil(
                    isLast,
                    () ->
                        enough.complete(
                            new Answer(info.statusCode(), new byte[0], info.headers().map()))));
    CompletableFuture<HttpResponse<Void>> call =
        client.sendAsync(request.build(), HttpResponse.BodyHandlers.limiting(handler, maxBody));
    var _ =
        call.whenComplete((response, failed) -> {
          if (failed != null) {
            enough.completeExceptionally(failed);
          } else {
            enough.complete(
                new Answer(response.statusCode(), new byte[0], response.headers().map()));
          }
        });
    Answer answer = await(enough, call, what, timeout);
    if (!call.isDone()) {
      // Usually the stream ends right behind its last event, and the connection serves again.
      CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS).execute(() -> call.cancel(true));
    }
    return answer;
  }

  private static void inTrace(HttpRequest.Builder request) {
    TraceContext.current()
        .ifPresent(trace -> request.setHeader(TraceContext.HEADER, trace.header()));
  }

  private static <T> T await(
      CompletableFuture<T> answer, Future<?> call, String what, Duration timeout) {
    try {
      // The request's own timeout ends with the headers; this one ends with the last byte.
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
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

    /// Whether nothing was sent, since there was no connection.
    public boolean isUnsent() {
      return has(ConnectException.class) || has(HttpConnectTimeoutException.class);
    }

    /// Whether the call was made and its answer did not come in time.
    public boolean isLate() {
      return !isUnsent()
          && (has(TimeoutException.class)
              || has(HttpTimeoutException.class)
              || has(SocketTimeoutException.class));
    }

    /// Whether the answer was larger than it may be.
    public boolean isTooLarge() {
      for (Throwable why = this; why != null; why = why.getCause()) {
        if (String.valueOf(why.getMessage()).startsWith("body exceeds capacity")) {
          return true;
        }
      }
      return false;
    }

    private boolean has(Class<? extends Throwable> type) {
      for (Throwable why = this; why != null; why = why.getCause()) {
        if (type.isInstance(why)) {
          return true;
        }
      }
      return false;
    }
  }
}
