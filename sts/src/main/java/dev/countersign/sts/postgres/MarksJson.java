package dev.countersign.sts.postgres;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/// Marks of people, as JSON: a list of texts.
final class MarksJson {
  private MarksJson() {}

  static String write(Set<String> marks) {
    return StrictJson.write(array(marks));
  }

  static String write(List<Set<String>> sets) {
    ArrayNode all = StrictJson.array();
    sets.forEach(marks -> all.add(array(marks)));
    return StrictJson.write(all);
  }

  private static ArrayNode array(Set<String> marks) {
    ArrayNode array = StrictJson.array();
    new TreeSet<>(marks).forEach(array::add);
    return array;
  }

  static Set<String> read(JsonNode array) {
    var marks = new TreeSet<String>();
    array.forEach(mark -> marks.add(mark.stringValue()));
    return marks;
  }

  static List<Set<String>> readAll(JsonNode arrays) {
    return arrays.valueStream().map(MarksJson::read).toList();
  }
}
