package dev.countersign.signals.transmit.http;

import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.transmit.Stream;
import dev.countersign.signals.transmit.Streams;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.net.URI;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Metadata and streams in the framework's JSON.
///
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-7.1 SSF 1.0
///   §7.1, §8.1.1
public final class StreamJson {
  private final URI issuer;
  private final Map<String, String> audiences;

  public StreamJson(TransmitterConfig config) {
    issuer = config.issuer();
    audiences =
        config.receivers().stream()
            .collect(
                Collectors.toMap(
                    TransmitterConfig.Receiver::workload, TransmitterConfig.Receiver::audience));
  }

  static ObjectNode metadata(TransmitterConfig config) {
    URI issuer = config.issuer();
    ObjectNode body = StrictJson.object();
    body.put("spec_version", "1_0").put("issuer", issuer.toString());
    body.put("jwks_uri", issuer + "/ssf/jwks");
    body.putArray("delivery_methods_supported").add("urn:ietf:rfc:8935").add("urn:ietf:rfc:8936");
    body.put("configuration_endpoint", issuer + "/ssf/streams");
    body.put("status_endpoint", issuer + "/ssf/status");
    body.put("verification_endpoint", issuer + "/ssf/verify");
    body.put("add_subject_endpoint", issuer + "/ssf/subjects/add");
    body.put("remove_subject_endpoint", issuer + "/ssf/subjects/remove");
    ArrayNode schemes = body.putArray("authorization_schemes");
    if (!config.authorizations().isEmpty()) {
      schemes.addObject().put("spec_urn", "urn:ietf:rfc:6749");
    }
    schemes.addObject().put("spec_urn", "urn:ietf:rfc:7523");
    body.put("default_subjects", "ALL");
    return body;
  }

  /// The whole configuration of a stream. The header that goes with pushes is write-only.
  public ObjectNode of(Stream stream) {
    ObjectNode body = StrictJson.object();
    body.put("stream_id", stream.id()).put("iss", issuer.toString());
    body.put("aud", audiences.getOrDefault(stream.receiver(), ""));
    texts(body, "events_supported", EventTypes.SUPPORTED.stream().sorted().toList());
    texts(body, "events_requested", stream.eventsRequested());
    texts(body, "events_delivered", stream.eventsDelivered());
    body.putObject("delivery")
        .put("method", stream.delivery().method())
        .put(
            "endpoint_url",
            switch (stream.delivery()) {
              case Stream.Delivery.Poll _ -> issuer + "/ssf/streams/" + stream.id() + "/poll";
              case Stream.Delivery.Push push -> push.endpoint().toString();
            });
    body.put("min_verification_interval", Streams.VERIFICATION_INTERVAL.toSeconds());
    if (!stream.description().isEmpty()) {
      body.put("description", stream.description());
    }
    return body;
  }

  static ObjectNode status(Stream stream) {
    ObjectNode body = StrictJson.object();
    body.put("stream_id", stream.id()).put("status", stream.status().wireName());
    if (!stream.reason().isEmpty()) {
      body.put("reason", stream.reason());
    }
    return body;
  }

  private static void texts(ObjectNode body, String name, Collection<String> texts) {
    var array = body.putArray(name);
    texts.forEach(array::add);
  }
}
