package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Where a transmitter's endpoints are, read once from its metadata. All of them must lie at the
/// issuer's own host and port, because our proofs and our obedience go there. Threads may share it.
///
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-7.2 SSF 1.0
///   §7.2
public final class TransmitterMetadata {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final URI issuer;
  private final WireClient client;
  private final ReentrantLock reading = new ReentrantLock();
  private volatile @Nullable Endpoints known;

  public TransmitterMetadata(URI issuer, WireClient client) {
    this.issuer = issuer;
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
        && issuer.getRawAuthority().equals(address.getRawAuthority())
        && address.getRawFragment() == null;
  }

  private Endpoints read() {
    WireClient.Answer answer =
        client.get(
            issuer.resolve("/.well-known/ssf-configuration"),
            Map.of("Accept", "application/json"),
            TIMEOUT);
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
          address(body, "status_endpoint"));
    } catch (MalformedJsonException malformed) {
      throw unusable("is not JSON");
    }
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
  record Endpoints(URI keySet, URI configuration, URI status) {}
}
