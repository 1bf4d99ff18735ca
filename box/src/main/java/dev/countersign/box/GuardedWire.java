package dev.countersign.box;

import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import io.helidon.common.tls.Tls;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.webclient.api.HttpClientRequest;
import io.helidon.webclient.api.HttpClientResponse;
import io.helidon.webclient.api.Proxy;
import io.helidon.webclient.api.WebClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Calls addresses that somebody else has a say in, such as an identity provider's: each connection
/// goes to an address that the [AddressGuard] has allowed, by `https` (by `http` only to hosts
/// named as internal). No redirects, no proxy, no compression; a time limit for the whole call and
/// a limit on the size of the answer.
///
/// Why not the platform's client: it resolves names itself, after any check that we could make.
/// Threads may share it.
public final class GuardedWire implements Wire {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final int MAX_BODY = 1 << 20;
  private static final int PART = 8192;

  private final AddressGuard guard;
  private final WebClient client;

  /// @param authorities PEM file of the certificate authorities to trust instead of the platform's,
  ///   or empty
  /// @throws IllegalArgumentException naming the file that is wrong
  public GuardedWire(AddressGuard guard, Optional<Path> authorities) {
    this.guard = guard;
    this.client =
        WebClient.builder()
            .followRedirects(false)
            .keepAlive(false)
            .shareConnectionCache(false)
            .proxy(Proxy.noProxy())
            .connectTimeout(CONNECT_TIMEOUT)
            .tls(authorities.map(PemFiles::clientTls).orElseGet(() -> Tls.builder().build()))
            .contentEncoding(
                ContentEncodingContext.builder().contentEncodingsDiscoverServices(false).build())
            .servicesDiscoverServices(false)
            .dnsResolver((host, _) -> resolve(host))
            .build();
  }

  private java.net.InetAddress resolve(String host) {
    try {
      return guard.resolve(host);
    } catch (UnknownHostException refused) {
      throw new UncheckedIOException(refused);
    }
  }

  @Override
  public WireClient.Answer send(
      String method,
      URI address,
      Map<String, String> headers,
      @Nullable String body,
      Duration timeout) {
    String what =
        method + " " + address.getScheme() + "://" + address.getAuthority() + address.getRawPath();
    if (!guard.allows(address)) {
      throw new WireClient.WireFailure(
          what + ": only https is called, and http to hosts named in internal-hosts",
          new IOException("address refused"));
    }
    var call = new FutureTask<>(() -> call(method, address, headers, body, timeout));
    // Interrupting a virtual thread that waits for a socket closes the socket.
    Thread caller = Thread.ofVirtual().name("guarded-call").start(call);
    try {
      return call.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      caller.interrupt();
      throw new WireClient.WireFailure(what + ": no complete answer in time", late);
    } catch (ExecutionException failed) {
      Throwable why = failed.getCause() == null ? failed : failed.getCause();
      throw new WireClient.WireFailure(what + ": " + reason(why), why);
    } catch (InterruptedException interrupted) {
      caller.interrupt();
      Thread.currentThread().interrupt();
      throw new WireClient.WireFailure(what + ": interrupted", interrupted);
    }
  }

  private WireClient.Answer call(
      String method,
      URI address,
      Map<String, String> headers,
      @Nullable String body,
      Duration timeout)
      throws IOException {
    HttpClientRequest request =
        client.method(Method.create(method)).uri(address).readTimeout(timeout);
    headers.forEach((name, value) -> request.header(HeaderNames.create(name), value));
    try (HttpClientResponse response = body == null ? request.request() : request.submit(body)) {
      byte[] bytes = read(response);
      Map<String, List<String>> all =
          response.headers().stream()
              .collect(
                  Collectors.toMap(
                      header -> header.name().toLowerCase(Locale.ROOT),
                      header -> List.copyOf(header.allValues()),
                      (one, _) -> one));
      return new WireClient.Answer(response.status().code(), bytes, all);
    }
  }

  private static byte[] read(HttpClientResponse response) throws IOException {
    if (!response.entity().hasEntity()) {
      return new byte[0];
    }
    var bytes = new ByteArrayOutputStream();
    byte[] part = new byte[PART];
    try (InputStream stream = response.inputStream()) {
      for (int count = stream.read(part); count >= 0; count = stream.read(part)) {
        bytes.write(part, 0, count);
        if (bytes.size() > MAX_BODY) {
          throw new IOException("the answer is longer than 1 MiB");
        }
      }
    }
    return bytes.toByteArray();
  }

  /// Why a call failed, as far as it is ours to tell: an address that is refused, a certificate
  /// that is not trusted, an answer that is too long.
  private static String reason(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnknownHostException) {
        return "the host is unknown, or must not be called from here (internal-hosts names it)";
      }
      if (cause instanceof javax.net.ssl.SSLException) {
        return "the host's certificate is not trusted, or is for another name";
      }
      if (cause.getMessage() != null && cause.getMessage().startsWith("the answer is longer")) {
        return cause.getMessage();
      }
    }
    return "no complete answer";
  }
}
