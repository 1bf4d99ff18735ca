package dev.countersign.protocol;

import java.net.URI;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The ingest of an IBM Antenna, which takes the place of our transmitter: `POST
/// /sources/{source}/events` without authentication, the names of events in camel case, and 201 for
/// whatever it was sent. It must be reachable from here alone.
///
/// @param base its address, scheme, host and port
/// @param source the name of its source
public record AntennaIngest(URI base, String source) {
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");
  private static final Map<String, String> OLD_NAMES =
      Map.of(
          "initiating_entity", "initiatingEntity",
          "reason_admin", "reasonAdmin",
          "reason_user", "reasonUser");

  public AntennaIngest {
    boolean isWeb =
        "https".equals(base.getScheme())
            || ("http".equals(base.getScheme()) && LOOPBACK.contains(base.getHost()));
    if (!isWeb
        || base.getHost() == null
        || !base.getRawPath().isEmpty()
        || base.getRawQuery() != null
        || base.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "antenna: address must be https, host and port, or http on the loopback interface");
    }
    if (!source.matches("[A-Za-z0-9._-]{1,128}")) {
      throw new IllegalArgumentException("antenna: source must be the id of a source there");
    }
  }

  /// Where events are handed in.
  public URI events() {
    return URI.create(base + "/sources/" + source + "/events");
  }

  /// An event of ours in the form of its mappers. The subject is the person's id at their own
  /// identity provider: opaque, and once more under the name by which mappers look for it.
  ///
  /// @param event what our own transmitter would be sent
  public static String form(String event) {
    ObjectNode ours;
    try {
      ours = StrictJson.parseObject(event);
    } catch (MalformedJsonException impossible) {
      throw new IllegalArgumentException("an event is not JSON", impossible);
    }
    String key = ours.path("sub_id").path("sub").asString("");
    String anchor = key.substring(0, Math.max(0, key.indexOf('|')));
    String id = key.substring(key.indexOf('|') + 1);
    ObjectNode theirs = StrictJson.object();
    ObjectNode subject = theirs.putObject("sub_id").put("format", "opaque").put("id", id);
    if (!anchor.isEmpty()) {
      subject.put(anchor + "UserId", id);
    }
    ObjectNode events = theirs.putObject("events");
    ours.path("events")
        .properties()
        .forEach(one -> {
          ObjectNode payload = events.putObject(one.getKey());
          for (Map.Entry<String, JsonNode> member : one.getValue().properties()) {
            payload.set(
                OLD_NAMES.getOrDefault(member.getKey(), member.getKey()), member.getValue());
          }
        });
    return StrictJson.write(theirs);
  }
}
