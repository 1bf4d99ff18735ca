package dev.countersign.signals.transmit;

import dev.countersign.protocol.Ids;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.Members;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Stream management for one receiver at a time. A stream of another receiver does not exist to the
/// caller.
///
/// Threads may share it.
public final class Streams {
  /// The delivery method that streams have here.
  ///
  /// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-6.1.2 SSF
  ///   1.0 §6.1.2
  public static final String POLL = "urn:ietf:rfc:8936";

  /// The shortest time between two verifications of a stream.
  public static final Duration VERIFICATION_INTERVAL = Duration.ofSeconds(5);

  private static final int MOST_TYPES = 64;
  private static final int MAX_TEXT = 255;

  private final StreamStore store;
  private final StreamBell bell;
  private final InstantSource clock;

  public Streams(StreamStore store, StreamBell bell, InstantSource clock) {
    this.store = store;
    this.bell = bell;
    this.clock = clock;
  }

  /// Creates a stream.
  ///
  /// @return empty if the receiver has one already: one is allowed
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public Optional<Stream> create(String receiver, ObjectNode body) {
    checkDelivery(body);
    List<String> requested = requested(body.path("events_requested"));
    List<String> delivered =
        (body.has("events_requested") ? requested : EventTypes.SUPPORTED.stream().toList())
            .stream().distinct().filter(EventTypes.SUPPORTED::contains).toList();
    String description = body.has("description") ? Members.text(body, "description", MAX_TEXT) : "";
    var stream =
        new Stream(
            Ids.random(), receiver, requested, delivered, description, Stream.Status.ENABLED, "");
    return store.add(stream, clock.instant()) ? Optional.of(stream) : Optional.empty();
  }

  public List<Stream> of(String receiver) {
    return store.of(receiver);
  }

  public Optional<Stream> find(String receiver, String id) {
    return store.find(receiver, id);
  }

  public boolean remove(String receiver, String id) {
    return store.remove(receiver, id);
  }

  /// Sets the status that a body names.
  ///
  /// @return empty if the stream is not there
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public Optional<Stream> setStatus(String receiver, ObjectNode body) {
    String id = Members.text(body, "stream_id", MAX_TEXT);
    Stream.Status status =
        Stream.Status.of(body.path("status").asString(""))
            .orElseThrow(
                () -> Members.wrong("status", "must be `enabled`, `paused` or `disabled`"));
    String reason = body.has("reason") ? Members.text(body, "reason", MAX_TEXT) : "";
    Optional<Stream> changed = store.setStatus(receiver, id, status, reason, clock.instant());
    bell.ring();
    return changed;
  }

  /// Puts a verification event in the stream that a body names.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public StreamStore.Verification verify(String receiver, ObjectNode body) {
    String id = Members.text(body, "stream_id", MAX_TEXT);
    String state = body.has("state") ? Members.text(body, "state", MAX_TEXT) : "";
    StreamStore.Verification result =
        store.verify(receiver, id, state, VERIFICATION_INTERVAL, clock.instant());
    bell.ring();
    return result;
  }

  private static void checkDelivery(ObjectNode body) {
    if (!body.has("delivery")) {
      return; // SSF 1.0 §8.1.1.1: poll then
    }
    ObjectNode delivery = Members.object(body, "delivery");
    if (!POLL.equals(delivery.path("method").asString(""))) {
      throw Members.wrong("method", "must be `" + POLL + "`; other methods are not offered");
    }
    if (delivery.has("endpoint_url")) {
      throw Members.wrong("endpoint_url", "is given by the transmitter when polling");
    }
  }

  private static List<String> requested(JsonNode value) {
    var types = new ArrayList<String>();
    if (value.isMissingNode()) {
      return types;
    }
    if (!value.isArray() || value.size() > MOST_TYPES) {
      throw Members.wrong("events_requested", "must be an array of at most 64 URIs");
    }
    for (JsonNode type : value) {
      if (!type.isString() || !Members.isPlain(type.stringValue(), MAX_TEXT)) {
        throw Members.wrong("events_requested", "must hold URIs of 1 to 255 characters");
      }
      types.add(type.stringValue());
    }
    return types;
  }
}
