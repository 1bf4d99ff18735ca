package dev.countersign.sts.postgres;

import dev.countersign.policy.Attribute;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.Subject;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a subject token said, as an approval keeps it for the second leg. The address is not kept.
final class SubjectJson {
  private SubjectJson() {}

  static String write(Subject subject) {
    ObjectNode json =
        StrictJson.object()
            .put("key", subject.key())
            .put("anchor", subject.anchor())
            .put("iss", subject.issuer())
            .put("stable_id", subject.stableId())
            .put("exp", subject.expiresAt().getEpochSecond());
    if (subject.authenticatedAt() != null) {
      json.put("auth_time", subject.authenticatedAt().getEpochSecond());
    }
    json.set("authentication", subject.authentication());
    ObjectNode attributes = json.putObject("attributes");
    subject
        .attributes()
        .forEach((name, attribute) -> {
          ObjectNode one = attributes.putObject(name);
          one.set("value", attribute.value());
          one.put("source", attribute.source()).put("at", attribute.at().getEpochSecond());
        });
    return StrictJson.write(json);
  }

  static Subject read(String text) {
    ObjectNode json = StrictJson.parseObject(text);
    return new Subject(
        json.path("key").stringValue(),
        json.path("anchor").stringValue(),
        json.path("iss").stringValue(),
        json.path("stable_id").stringValue(),
        time(json.path("exp")),
        json.has("auth_time") ? time(json.path("auth_time")) : null,
        (ObjectNode) json.path("authentication"),
        attributes(json.path("attributes")),
        null,
        null);
  }

  private static Map<String, Attribute> attributes(JsonNode json) {
    var attributes = new LinkedHashMap<String, Attribute>();
    json.properties()
        .forEach(entry ->
            attributes.put(
                entry.getKey(),
                new Attribute(
                    entry.getValue().path("value"),
                    entry.getValue().path("source").stringValue(),
                    time(entry.getValue().path("at")))));
    return attributes;
  }

  private static Instant time(JsonNode seconds) {
    return Instant.ofEpochSecond(seconds.longValue());
  }
}
