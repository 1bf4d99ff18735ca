package dev.countersign.signals.transmit;

import dev.countersign.protocol.Secret;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.Members;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads what a receiver may say about its stream, and checks what it may only repeat.
///
/// @param mayPush whether tokens may be pushed to an address, as it stands
/// @param form what the stream looks like on the wire, to compare with
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-8.1.1 SSF
///   1.0 §8.1.1
public record StreamSettings(Predicate<URI> mayPush, Function<Stream, ObjectNode> form) {
  private static final int MOST_TYPES = 64;
  private static final int MAX_TEXT = 255;
  private static final int MAX_ADDRESS = 1024;
  // Visible ASCII and spaces between: nothing that could begin another header.
  private static final Pattern HEADER_VALUE = Pattern.compile("[!-~]([ -~]{0,2046}[!-~])?");
  private static final Set<String> OURS =
      Set.of("iss", "aud", "events_supported", "events_delivered", "min_verification_interval");

  /// The stream with what a body says about it.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  Stream apply(Stream stream, ObjectNode body) {
    boolean hasTypes = body.has("events_requested");
    List<String> requested = hasTypes ? requested(body) : stream.eventsRequested();
    return new Stream(
        stream.id(),
        stream.receiver(),
        requested,
        hasTypes
            ? requested.stream().distinct().filter(EventTypes.SUPPORTED::contains).toList()
            : stream.eventsDelivered(),
        body.has("delivery") ? delivery(stream, body) : stream.delivery(),
        body.has("description")
            ? Members.text(body, "description", MAX_TEXT)
            : stream.description(),
        stream.status(),
        stream.reason());
  }

  /// Members that are ours to set must be as they are, or missing.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the first that differs
  void checkOurs(Stream stream, ObjectNode body) {
    ObjectNode current = form.apply(stream);
    for (String name : OURS) {
      // As texts: 5 is 5, however a parser keeps it.
      if (body.has(name) && !body.path(name).toString().equals(current.path(name).toString())) {
        throw Members.wrong(name, "is the transmitter's to set and is not as the stream has it");
      }
    }
  }

  private Stream.Delivery delivery(Stream stream, ObjectNode body) {
    ObjectNode delivery = Members.object(body, "delivery");
    return switch (delivery.path("method").asString("")) {
      case "urn:ietf:rfc:8936" -> {
        JsonNode current = form.apply(stream).path("delivery").path("endpoint_url");
        boolean isKnown = stream.delivery() instanceof Stream.Delivery.Poll;
        if (delivery.has("endpoint_url")
            && !(isKnown && delivery.path("endpoint_url").equals(current))) {
          throw Members.wrong("endpoint_url", "is given by the transmitter when polling");
        }
        yield new Stream.Delivery.Poll();
      }
      case "urn:ietf:rfc:8935" ->
          new Stream.Delivery.Push(endpoint(delivery), authorization(delivery));
      default ->
          throw Members.wrong("method", "must be `urn:ietf:rfc:8935` or `urn:ietf:rfc:8936`");
    };
  }

  private URI endpoint(ObjectNode delivery) {
    try {
      URI address = URI.create(Members.text(delivery, "endpoint_url", MAX_ADDRESS));
      if (address.getRawFragment() == null && mayPush.test(address)) {
        return address;
      }
    } catch (IllegalArgumentException malformed) {
      throw Members.wrong("endpoint_url", "is not an address");
    }
    throw Members.wrong(
        "endpoint_url", "must be https, without user and fragment, at a host that may be called");
  }

  private static Optional<Secret> authorization(ObjectNode delivery) {
    if (!delivery.has("authorization_header")) {
      return Optional.empty();
    }
    String value = delivery.path("authorization_header").asString("");
    if (!HEADER_VALUE.matcher(value).matches()) {
      throw Members.wrong(
          "authorization_header", "must be the value of one header, in visible ASCII");
    }
    return Optional.of(new Secret(value));
  }

  private static List<String> requested(ObjectNode body) {
    var types = new ArrayList<String>();
    JsonNode value = body.path("events_requested");
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
