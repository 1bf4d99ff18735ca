package dev.countersign.protocol;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// By which version of its type each element of `authorization_details` was decided. A type that is
/// not named has version 1, so that tokens need not speak of what never changed.
///
/// @param later the types whose version is another, each with a number from 2
public record TypeVersions(SortedMap<String, Integer> later) {
  /// The claim beside `authorization_details`.
  public static final String CLAIM = "authorization_details_versions";

  /// The version of a type that says nothing.
  public static final int FIRST = 1;

  /// All types are of version 1.
  public static final TypeVersions FIRST_OF_ALL = new TypeVersions(new TreeMap<>());

  private static final int LAST = 1_000_000;

  public TypeVersions {
    later = Collections.unmodifiableSortedMap(new TreeMap<>(later));
  }

  /// Reads the claim.
  ///
  /// @throws MalformedJsonException if it is there and not an object of whole numbers
  public static TypeVersions of(JsonNode claim) {
    if (claim.isMissingNode()) {
      return FIRST_OF_ALL;
    }
    if (!(claim instanceof ObjectNode object)) {
      throw malformed();
    }
    var later = new TreeMap<String, Integer>();
    for (Map.Entry<String, JsonNode> type : object.properties()) {
      JsonNode version = type.getValue();
      if (!version.isIntegralNumber()
          || !version.canConvertToInt()
          || !isVersion(version.intValue())) {
        throw malformed();
      }
      if (version.intValue() != FIRST) {
        later.put(type.getKey(), version.intValue());
      }
    }
    return new TypeVersions(later);
  }

  /// Whether a number can be the version of a type.
  public static boolean isVersion(long number) {
    return number >= FIRST && number <= LAST;
  }

  /// The version of a type.
  public int of(String type) {
    return later.getOrDefault(type, FIRST);
  }

  /// Whether there is nothing to say.
  public boolean isFirstOfAll() {
    return later.isEmpty();
  }

  /// The claim.
  public ObjectNode json() {
    ObjectNode json = StrictJson.object();
    later.forEach(json::put);
    return json;
  }

  private static MalformedJsonException malformed() {
    return new MalformedJsonException("`" + CLAIM + "` must name types with whole numbers from 1");
  }
}
