package dev.countersign.protocol.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What an issuer's discovery document says, after our checks: its `issuer` is exactly ours, and
/// its keys lie on the issuer's own host or on one that the configuration names.
///
/// @param document the whole document
/// @param jwksUri where the issuer's keys are
/// @spec https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
///   OpenID Discovery §4.3
/// @spec https://www.rfc-editor.org/rfc/rfc8414#section-3.3 RFC 8414 §3.3
public record IssuerMetadata(ObjectNode document, URI jwksUri) {
  private static final String WELL_KNOWN = "/.well-known/openid-configuration";
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /// Where the document of an issuer is: under its identifier, without a slash twice.
  public static URI addressOf(String issuer) {
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    return URI.create(base + WELL_KNOWN);
  }

  /// Fetches and checks the document.
  ///
  /// @param keyHosts hosts other than the document's own on which the keys may lie
  /// @throws WireClient.WireFailure if there is no answer
  /// @throws MalformedJsonException if the document is not one, or must not be used
  public static IssuerMetadata fetch(Wire wire, URI address, String issuer, Set<String> keyHosts) {
    return read(Documents.json(wire, address, TIMEOUT), address, issuer, keyHosts);
  }

  static IssuerMetadata read(
      ObjectNode document, URI address, String issuer, Set<String> keyHosts) {
    if (!issuer.equals(document.path("issuer").asString(""))) {
      throw new MalformedJsonException("the discovery document's `issuer` is not the one trusted");
    }
    URI jwks = address(document.path("jwks_uri"));
    String host = hostOf(jwks);
    if (!host.equals(hostOf(address)) && !keyHosts.contains(host)) {
      throw new MalformedJsonException(
          "the discovery document's `jwks_uri` is on a host that is not trusted for keys");
    }
    boolean isDowngrade = "https".equals(address.getScheme()) && !"https".equals(jwks.getScheme());
    if (isDowngrade) {
      throw new MalformedJsonException("the discovery document's `jwks_uri` is not https");
    }
    return new IssuerMetadata(document, jwks);
  }

  private static URI address(JsonNode value) {
    try {
      URI address = new URI(value.asString(""));
      boolean isWeb = "https".equals(address.getScheme()) || "http".equals(address.getScheme());
      if (isWeb && address.getHost() != null && address.getRawUserInfo() == null) {
        return address;
      }
    } catch (URISyntaxException malformed) {
      // told below, with the same words as any other unusable address
    }
    throw new MalformedJsonException("the discovery document's `jwks_uri` is no web address");
  }

  private static String hostOf(URI address) {
    String host = address.getHost();
    return host == null ? "" : host.toLowerCase(Locale.ROOT);
  }

  /// Fetching of JSON documents that others publish.
  static final class Documents {
    private Documents() {}

    static ObjectNode json(Wire wire, URI address, Duration timeout) {
      WireClient.Answer answer =
          wire.get(
              address,
              Map.of("Accept", "application/json", "Accept-Encoding", "identity"),
              timeout);
      if (answer.status() != 200) {
        throw new MalformedJsonException("the answer has status " + answer.status() + ", not 200");
      }
      String type = answer.header("content-type").orElse("").toLowerCase(Locale.ROOT);
      if (!type.startsWith("application/") || !type.contains("json")) {
        throw new MalformedJsonException("the answer's content type is not JSON");
      }
      if (!answer.header("content-encoding").orElse("identity").equals("identity")) {
        throw new MalformedJsonException("the answer is compressed, which was not asked for");
      }
      return StrictJson.parseObject(answer.body());
    }
  }
}
