package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.SetError;
import dev.countersign.signals.act.SetFeed;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Our poll stream at the transmitter: found or created at the first poll, and again when it is
/// gone. For one thread.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8936#section-2 RFC 8936 §2
public final class PollFeed implements SetFeed {
  private static final String POLL = "urn:ietf:rfc:8936";
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /// Longer than any transmitter of ours holds a poll open, and short: a connection that died
  /// without a word holds back a kill for this long.
  private static final Duration LONG_POLL = Duration.ofSeconds(14);

  private static final int MOST_EVENTS = 100;

  private final TransmitterMetadata transmitter;
  private final String audience;
  private final PresenterAssertion.Maker self;
  private final WireClient client;
  private @Nullable URI pollEndpoint;

  public PollFeed(
      TransmitterMetadata transmitter,
      String audience,
      PresenterAssertion.Maker self,
      WireClient client) {
    this.transmitter = transmitter;
    this.audience = audience;
    this.self = self;
    this.client = client;
  }

  @Override
  public Map<String, String> poll(Settlement settlement) {
    URI endpoint = pollEndpoint;
    if (endpoint == null) {
      endpoint = connect();
      pollEndpoint = endpoint;
    }
    WireClient.Answer answer = call("POST", endpoint, body(settlement), LONG_POLL);
    if (answer.status() != 200) {
      // The stream may be gone or the transmitter moved; look for both anew.
      pollEndpoint = null;
      transmitter.forget();
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
    body.put("maxEvents", MOST_EVENTS).put("returnImmediately", false);
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
        existing(endpoints.configuration()).orElseGet(() -> create(endpoints.configuration()));
    check(stream);
    requireEnabled(endpoints.status(), stream.path("stream_id").asString(""));
    return URI.create(stream.path("delivery").path("endpoint_url").asString(""));
  }

  private Optional<ObjectNode> existing(URI configuration) {
    WireClient.Answer answer = call("GET", configuration, null, TIMEOUT);
    if (answer.status() != 200) {
      throw refused("the list of streams", answer.status());
    }
    JsonNode list = json(answer);
    for (JsonNode stream : list) {
      if (stream instanceof ObjectNode found) {
        if (wants(found)) {
          return Optional.of(found);
        }
        remove(configuration, found.path("stream_id").asString(""));
      }
    }
    return Optional.empty();
  }

  private static boolean wants(ObjectNode stream) {
    return POLL.equals(stream.path("delivery").path("method").asString(""))
        && stream
            .path("events_delivered")
            .valueStream()
            .anyMatch(type -> EventTypes.SESSION_REVOKED.equals(type.asString("")));
  }

  /// Another kind of stream of ours would stand in the way of the one that kills arrive on.
  private void remove(URI configuration, String id) {
    String query = "?stream_id=" + URLEncoder.encode(id, StandardCharsets.UTF_8);
    call("DELETE", URI.create(configuration + query), null, TIMEOUT);
  }

  private ObjectNode create(URI configuration) {
    ObjectNode body = StrictJson.object();
    body.putObject("delivery").put("method", POLL);
    body.putArray("events_requested").add(EventTypes.SESSION_REVOKED);
    WireClient.Answer answer = call("POST", configuration, body, TIMEOUT);
    if (answer.status() == 409) {
      throw new UnavailableException("another replica makes the stream just now", null);
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
    if (!audience.equals(only.asString(""))) {
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
    headers.put(PresenterAssertion.HEADER, self.assertion(transmitter.issuer()));
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
