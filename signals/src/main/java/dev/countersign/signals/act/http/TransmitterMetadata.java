package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Where a transmitter's endpoints are, read once from its metadata. All of them must lie at the
/// issuer's own host and port, or at hosts that are configured for it, because our proofs and our
/// obedience go there. Threads may share it.
///
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-7.2 SSF 1.0
///   §7.2
public final class TransmitterMetadata {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final URI issuer;
  private final Set<String> furtherHosts;
  private final Wire client;
  private final ReentrantLock reading = new ReentrantLock();
  private volatile @Nullable Endpoints known;

  /// @param furtherHosts where endpoints may be beside the issuer's own host, over the same scheme
  public TransmitterMetadata(URI issuer, Set<String> furtherHosts, Wire client) {
    this.issuer = issuer;
    this.furtherHosts = Set.copyOf(furtherHosts);
    this.client = client;
  }

  /// The transmitter's issuer, which is also its name as an audience.
  String issuer() {
    return issuer.toString();
  }

  /// @throws UnavailableException if the metadata cannot be had or is not this issuer's
  Endpoints endpoints() {
    Endpoints endpoints = known;
    if (endpoints != null) {
      return endpoints;
    }
    reading.lock();
    try {
      if (known == null) {
        known = read();
      }
      return Objects.requireNonNull(known);
    } finally {
      reading.unlock();
    }
  }

  /// Reads the metadata anew next time.
  void forget() {
    known = null;
  }

  /// Whether an address lies at the transmitter.
  boolean isOurs(URI address) {
    return issuer.getScheme().equals(address.getScheme())
        && address.getRawFragment() == null
        && address.getHost() != null
        && address.getRawUserInfo() == null
        && (issuer.getRawAuthority().equals(address.getRawAuthority())
            || furtherHosts.contains(address.getHost()));
  }

  private Endpoints read() {
    WireClient.Answer answer =
        client.get(wellKnown(), Map.of("Accept", "application/json"), TIMEOUT);
    if (answer.status() != 200) {
      throw unusable("answers " + answer.status());
    }
    try {
      ObjectNode body = StrictJson.parseObject(answer.body());
      if (!issuer().equals(body.path("issuer").asString(""))) {
        throw unusable("names another issuer");
      }
      return new Endpoints(
          address(body, "jwks_uri"),
          address(body, "configuration_endpoint"),
          body.has("status_endpoint")
              ? Optional.of(address(body, "status_endpoint"))
              : Optional.empty());
    } catch (MalformedJsonException malformed) {
      throw unusable("is not JSON");
    }
  }

  /// Between host and path, as SSF 1.0 §7.2.1 wants.
  private URI wellKnown() {
    String path = issuer.getRawPath() == null ? "" : issuer.getRawPath();
    String rest = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    return issuer.resolve("/.well-known/ssf-configuration" + rest);
  }

  private URI address(ObjectNode body, String name) {
    try {
      URI address = URI.create(body.path(name).asString(""));
      if (isOurs(address)) {
        return address;
      }
    } catch (IllegalArgumentException malformed) {
      throw unusable("has a malformed `" + name + "`");
    }
    throw unusable("has a `" + name + "` that is not at the issuer");
  }

  private static UnavailableException unusable(String complaint) {
    return new UnavailableException("the transmitter's metadata " + complaint, null);
  }

  /// The endpoints that we use.
  ///
  /// @param status where the status of a stream is told, if anywhere
  record Endpoints(URI keySet, URI configuration, Optional<URI> status) {}
}
