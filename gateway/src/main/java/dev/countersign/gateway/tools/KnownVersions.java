package dev.countersign.gateway.tools;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.TypeVersions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// The versions of its types that a tool is written for; version 1 of a type that it says nothing
/// about. A type's members may keep their names and change their meaning, so a token of another
/// version is not for this tool, equal as its details may look.
///
/// ```yaml
/// versions: {"urn:smt:agent:refund": [1, 2]}
/// ```
///
/// @param byType the types with other versions than 1 alone
public record KnownVersions(Map<String, Set<Integer>> byType) {
  public KnownVersions {
    byType =
        byType.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, entry -> Set.copyOf(entry.getValue())));
  }

  /// Reads the key `versions` of a tool.
  ///
  /// @param rar the tool's template, whose types are the only ones to speak of
  static KnownVersions read(ConfigSection tool, JsonNode rar) {
    var byType = new LinkedHashMap<String, Set<Integer>>();
    var asked = new TreeSet<String>();
    (rar.isObject() ? Set.of(rar) : rar)
        .forEach(element -> asked.add(element.path("type").asString("")));
    tool.optionalSection("versions")
        .ifPresent(versions -> {
          for (String type : versions.keys()) {
            byType.put(type, versions(versions, type));
            if (!asked.contains(type)) {
              versions.problem(type, "is no type of this tool's `rar`");
            }
          }
          versions.done();
        });
    return new KnownVersions(byType);
  }

  private static Set<Integer> versions(ConfigSection section, String type) {
    var versions = new TreeSet<Integer>();
    for (JsonNode version : section.tree(type)) {
      if (!version.isIntegralNumber()
          || !version.canConvertToInt()
          || !TypeVersions.isVersion(version.intValue())) {
        versions.clear();
        break;
      }
      versions.add(version.intValue());
    }
    if (versions.isEmpty()) {
      section.problem(type, "must be a list of whole numbers from 1");
    }
    return versions;
  }

  /// Whether this version of a type is one of them.
  public boolean has(String type, int version) {
    return byType.getOrDefault(type, Set.of(TypeVersions.FIRST)).contains(version);
  }

  /// Whether details were decided by versions that are all among them.
  public boolean cover(AuthorizationDetails details, TypeVersions decided) {
    return details.elements().stream()
        .allMatch(element -> has(element.type(), decided.of(element.type())));
  }
}
