package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.clients.Presented;
import dev.countersign.sts.stepup.ApprovalWatch;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads what a client presents: form, `Authorization: Basic`, certificate, DPoP proof.
///
/// Headers in which a proxy may tell a certificate are not read: from outside they would be a way
/// to claim one. Mutual TLS ends here.
final class Callers {
  private static final Map<String, OAuthError> WHEN_TWICE =
      Map.of(
          "resource", OAuthError.INVALID_TARGET,
          "audience", OAuthError.INVALID_TARGET);

  private static final Pattern WAIT = Pattern.compile("(?:^|[,;])\\s*wait\\s*=\\s*([0-9]{1,4})");

  private Callers() {}

  /// @throws WireException if it cannot be read
  static Presented of(ServerRequest request) {
    if (!request.query().isEmpty()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "parameters belong in the body, not in the query");
    }
    return new Presented(
        Http.form(request, WHEN_TWICE),
        basic(request),
        certificates(request),
        Http.header(request, "DPoP"),
        Http.header(request, "Idempotency-Key"),
        patience(request),
        source(request));
  }

  /// @spec https://www.rfc-editor.org/rfc/rfc7240#section-4.3 RFC 7240 §4.3
  static Duration patience(ServerRequest request) {
    return Http.header(request, "Prefer")
        .map(WAIT::matcher)
        .filter(Matcher::find)
        .map(wait -> ApprovalWatch.patience(wait.group(1)))
        .orElse(Duration.ZERO);
  }

  private static Optional<Presented.Basic> basic(ServerRequest request) {
    Optional<String> header = Http.header(request, "Authorization");
    if (header.isEmpty()) {
      return Optional.empty();
    }
    String[] parts = header.get().split(" ", 2);
    if (parts.length != 2 || !parts[0].equalsIgnoreCase("basic")) {
      throw new WireException(
          OAuthError.INVALID_CLIENT, "Authorization: only Basic authenticates a client here");
    }
    try {
      String pair =
          new String(Base64.getDecoder().decode(parts[1].strip()), StandardCharsets.UTF_8);
      int colon = pair.indexOf(':');
      if (colon < 1) {
        throw malformed();
      }
      return Optional.of(
          new Presented.Basic(
              URLDecoder.decode(pair.substring(0, colon), StandardCharsets.UTF_8),
              new Secret(URLDecoder.decode(pair.substring(colon + 1), StandardCharsets.UTF_8))));
    } catch (IllegalArgumentException malformed) {
      throw malformed();
    }
  }

  private static WireException malformed() {
    return new WireException(
        OAuthError.INVALID_CLIENT, "Authorization: Basic must hold id:secret, each form-encoded");
  }

  static List<X509Certificate> certificates(ServerRequest request) {
    return request.remotePeer().tlsCertificates().stream()
        .flatMap((Certificate[] chain) -> Arrays.stream(chain))
        .filter(X509Certificate.class::isInstance)
        .map(X509Certificate.class::cast)
        .toList();
  }

  private static String source(ServerRequest request) {
    return request.remotePeer().address() instanceof InetSocketAddress address
        ? address.getAddress().getHostAddress()
        : request.remotePeer().host();
  }
}
