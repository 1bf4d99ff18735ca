package dev.countersign.policy;

import dev.countersign.config.ConfigSection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// Reads what a policy declares about resources.
///
/// ```yaml
/// resources:
///   record:
///     type: urn:example:record
///     key: request.operationDetails.recordId
///     attributes:
///       classification: { type: string }
/// ```
final class ResourceReader {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,63}");

  private final HistoryReader.Checker checker;

  ResourceReader(HistoryReader.Checker checker) {
    this.checker = checker;
  }

  List<ResourceFacts> read(ConfigSection file, ObjectNode content) {
    var resources = new ArrayList<ResourceFacts>();
    Map<String, ConfigSection> sections = file.named("resources");
    if (!sections.isEmpty()) {
      ObjectNode written = content.putObject("resources");
      sections.forEach((name, section) ->
          resource(name, section, written.putObject(name)).ifPresent(resources::add));
    }
    return List.copyOf(resources);
  }

  private Optional<ResourceFacts> resource(String name, ConfigSection section, ObjectNode written) {
    String type = section.text("type");
    String key = section.text("key");
    var attributes = new TreeMap<String, Attributes.Declared>();
    PolicyReader.attributes(section, written, attributes);
    section.done();
    if (!NAME.matcher(name).matches()) {
      section.problem("type", "a resource is named with a-z, 0-9 and _");
    }
    if (type.isEmpty() || key.isEmpty()) {
      return Optional.empty();
    }
    written.put("type", type).put("key", key);
    return checker
        .about(type, section)
        .flatMap(conditions ->
            conditions.compileValue(
                key, (offset, message) -> section.problem("key", offset, message)))
        .map(compiled ->
            new ResourceFacts(name, type, compiled.condition(), new Attributes(attributes)));
  }
}
