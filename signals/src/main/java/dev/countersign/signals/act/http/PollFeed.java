package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.SetError;
import dev.countersign.signals.act.SetFeed;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Our poll stream at a transmitter: found or created at the first poll, and again when it is gone.
/// For one thread.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8936#section-2 RFC 8936 §2
public final class PollFeed implements SetFeed {
  private static final String POLL = "urn:ietf:rfc:8936";
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /// Longer than any transmitter of ours holds a poll open, and short: a connection that died
  /// without a word holds back a kill for this long. A transmitter of others may hold a poll open
  /// for longer: that it has not answered by then says that it has nothing, and the next poll,
  /// which does not wait, says whether it is there at all.
  private static final Duration LONG_POLL = Duration.ofSeconds(14);

  private static final int MOST_EVENTS = 100;

  private final TransmitterMetadata transmitter;
  private final String audience;
  private final StreamAccess access;
  private final boolean isOurs;
  private final List<String> wanted;
  private final Wire client;
  private @Nullable URI pollEndpoint;
  private boolean mustAnswerAtOnce;

  /// @param access how the transmitter knows us
  /// @param isOurs whether it is our own, where every stream of ours is ours to change
  /// @param wanted the types of events to ask for
  public PollFeed(
      TransmitterMetadata transmitter,
      String audience,
      StreamAccess access,
      boolean isOurs,
      Collection<String> wanted,
      Wire client) {
    this.transmitter = transmitter;
    this.audience = audience;
    this.access = access;
    this.isOurs = isOurs;
    this.wanted = wanted.stream().sorted().toList();
    this.client = client;
  }

  @Override
  public Map<String, String> poll(Settlement settlement) {
    URI endpoint = pollEndpoint;
    if (endpoint == null) {
      endpoint = connect();
      pollEndpoint = endpoint;
    }
    WireClient.Answer answer;
    try {
      ObjectNode body = body(settlement).put("returnImmediately", mustAnswerAtOnce);
      answer = call("POST", endpoint, body, mustAnswerAtOnce ? TIMEOUT : LONG_POLL);
    } catch (WireClient.WireFailure failure) {
      if (!mustAnswerAtOnce && failure.isLate()) {
        mustAnswerAtOnce = true;
        return Map.of();
      }
      throw failure;
    }
    mustAnswerAtOnce = false;
    if (answer.status() != 200) {
      // The stream may be gone or the transmitter moved; look for both anew.
      pollEndpoint = null;
      transmitter.forget();
      access.forget();
      throw refused("a poll", answer.status());
    }
    ObjectNode body = object(answer);
    var tokens = new LinkedHashMap<String, String>();
    if (!(body.path("sets") instanceof ObjectNode sets)) {
      throw unusable("answers a poll without `sets`");
    }
    for (Map.Entry<String, JsonNode> set : sets.properties()) {
      // What is no text at all fails verification like any other token that is none.
      tokens.put(set.getKey(), set.getValue().asString(""));
    }
    return tokens;
  }

  private static ObjectNode body(Settlement settlement) {
    ObjectNode body = StrictJson.object();
    body.put("maxEvents", MOST_EVENTS);
    if (!settlement.acknowledged().isEmpty()) {
      ArrayNode acknowledged = body.putArray("ack");
      settlement.acknowledged().forEach(acknowledged::add);
    }
    if (!settlement.errors().isEmpty()) {
      ObjectNode errors = body.putObject("setErrs");
      for (Map.Entry<String, SetError> error : settlement.errors().entrySet()) {
        errors
            .putObject(error.getKey())
            .put("err", error.getValue().code().wireName())
            .put("description", error.getValue().description());
      }
    }
    return body;
  }

  private URI connect() {
    TransmitterMetadata.Endpoints endpoints = transmitter.endpoints();
    ObjectNode stream =
        existing(endpoints.configuration())
            .map(found -> withAllTypes(endpoints.configuration(), found))
            .orElseGet(() -> create(endpoints.configuration()));
    check(stream);
    String id = stream.path("stream_id").asString("");
    endpoints.status().ifPresent(status -> requireEnabled(status, id));
    return URI.create(stream.path("delivery").path("endpoint_url").asString(""));
  }

  private Optional<ObjectNode> existing(URI configuration) {
    WireClient.Answer answer = call("GET", configuration, null, TIMEOUT);
    if (answer.status() == 404 && !isOurs) {
      return Optional.empty(); // some answer so where there is no stream yet
    }
    if (answer.status() != 200) {
      access.forget();
      throw refused("the list of streams", answer.status());
    }
    JsonNode list = json(answer);
    for (JsonNode stream : list.isArray() ? list : StrictJson.array().add(list)) {
      if (stream instanceof ObjectNode found) {
        if (isPolled(found)) {
          return Optional.of(found);
        }
        if (isOurs) {
          remove(configuration, found.path("stream_id").asString(""));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isPolled(ObjectNode stream) {
    return POLL.equals(stream.path("delivery").path("method").asString(""));
  }

  /// A stream that was made for fewer types of events would be silent about the others.
  private ObjectNode withAllTypes(URI configuration, ObjectNode stream) {
    List<String> requested =
        stream.path("events_requested").valueStream().map(type -> type.asString("")).toList();
    if (requested.containsAll(wanted)) {
      return stream;
    }
    ObjectNode body = StrictJson.object();
    body.put("stream_id", stream.path("stream_id").asString(""));
    ArrayNode types = body.putArray("events_requested");
    wanted.forEach(types::add);
    WireClient.Answer answer = call("PATCH", configuration, body, TIMEOUT);
    return answer.status() == 200 ? object(answer) : stream;
  }

  /// Another kind of stream of ours would stand in the way of the one that kills arrive on.
  private void remove(URI configuration, String id) {
    String query = "?stream_id=" + URLEncoder.encode(id, StandardCharsets.UTF_8);
    call("DELETE", URI.create(configuration + query), null, TIMEOUT);
  }

  private ObjectNode create(URI configuration) {
    ObjectNode body = StrictJson.object();
    body.putObject("delivery").put("method", POLL);
    ArrayNode types = body.putArray("events_requested");
    wanted.forEach(types::add);
    WireClient.Answer answer = call("POST", configuration, body, TIMEOUT);
    if (answer.status() == 409) {
      throw new UnavailableException(
          isOurs
              ? "another replica makes the stream just now"
              : "there is a stream already, which is not polled; delete it there, or use push",
          null);
    }
    if (answer.status() != 201) {
      throw refused("a new stream", answer.status());
    }
    return object(answer);
  }

  private void check(ObjectNode stream) {
    if (!transmitter.issuer().equals(stream.path("iss").asString(""))) {
      throw unusable("has a stream with another `iss`");
    }
    JsonNode aud = stream.path("aud");
    JsonNode only = aud.isArray() && aud.size() == 1 ? aud.get(0) : aud;
    if (!isPolled(stream) || !audience.equals(only.asString(""))) {
      throw unusable(
          "has our stream with an `aud` that is not ours; compare the two configurations");
    }
    try {
      if (transmitter.isOurs(
          URI.create(stream.path("delivery").path("endpoint_url").asString("")))) {
        return;
      }
    } catch (IllegalArgumentException malformed) {
      throw unusable("has a stream with a malformed `endpoint_url`");
    }
    throw unusable("has a stream with an `endpoint_url` that is not at the issuer");
  }

  /// A stream that someone paused or disabled brings no kills: better not ready than silent.
  private void requireEnabled(URI status, String id) {
    String query = "?stream_id=" + URLEncoder.encode(id, StandardCharsets.UTF_8);
    WireClient.Answer answer = call("GET", URI.create(status + query), null, TIMEOUT);
    if (answer.status() != 200) {
      throw refused("the stream's status", answer.status());
    }
    if (!"enabled".equals(object(answer).path("status").asString(""))) {
      throw unusable("has our stream paused or disabled");
    }
  }

  private WireClient.Answer call(
      String method, URI address, @Nullable ObjectNode body, Duration timeout) {
    var headers = new HashMap<String, String>();
    headers.putAll(access.headers(transmitter.issuer()));
    headers.put("Accept", "application/json");
    if (body != null) {
      headers.put("Content-Type", "application/json");
      headers.put("Content-Language", "en"); // RFC 8936 §2.6, for the descriptions in setErrs
    }
    return client.send(
        method, address, headers, body == null ? null : StrictJson.write(body), timeout);
  }

  private static ObjectNode object(WireClient.Answer answer) {
    if (json(answer) instanceof ObjectNode object) {
      return object;
    }
    throw unusable("answers with something that is no object");
  }

  private static JsonNode json(WireClient.Answer answer) {
    try {
      return StrictJson.parse(answer.body());
    } catch (MalformedJsonException malformed) {
      throw unusable("answers with something that is not JSON");
    }
  }

  private static UnavailableException refused(String what, int status) {
    String advice =
        status == 401 || status == 403
            ? "; see that our public key and our stream are configured there"
            : "";
    return new UnavailableException(
        "the transmitter answers " + status + " to " + what + advice, null);
  }

  private static UnavailableException unusable(String complaint) {
    return new UnavailableException("the transmitter " + complaint, null);
  }
}
