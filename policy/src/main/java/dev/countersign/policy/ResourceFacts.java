package dev.countersign.policy;

import dev.cel.runtime.CelEvaluationException;
import java.util.Map;
import java.util.Optional;

/// Facts about the thing that an element is about, such as the class of a record: looked up by the
/// server under the thing's own name, so that no caller can say otherwise.
///
/// @param type the type of element that names such a thing
/// @param key how an element names it: comes to a text or an integer
record ResourceFacts(String name, String type, Condition key, Attributes attributes) {

  /// The key in the attribute store, such as `record:R-7`; empty where the element names nothing.
  Optional<String> storeKey(Map<String, Object> variables) {
    try {
      return Optional.of(name + ":" + key.value(variables));
    } catch (CelEvaluationException | RuntimeException unnamed) {
      return Optional.empty();
    }
  }
}
