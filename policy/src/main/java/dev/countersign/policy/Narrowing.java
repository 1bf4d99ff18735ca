package dev.countersign.policy;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// In which members a request may ask for less than a token already has. All other members must be
/// the same: that one JSON object allows less than another cannot be seen from the objects alone.
///
/// @param rules what counts as less, by the JSON pointer of the member
/// @spec https://www.rfc-editor.org/rfc/rfc9396#section-6.1 RFC 9396 §6.1
record Narrowing(Map<String, Less> rules) {

  Narrowing {
    rules = Map.copyOf(rules);
  }

  /// Whether an element asks for nothing that another one does not allow.
  boolean isWithin(ObjectNode narrower, ObjectNode wider) {
    return isWithin("", narrower, wider);
  }

  private boolean isWithin(String at, JsonNode narrower, JsonNode wider) {
    Less rule = rules.get(at);
    if (rule != null) {
      return rule.isLess(narrower, wider);
    }
    if (!(narrower instanceof ObjectNode object) || !wider.isObject()) {
      return narrower.equals(wider);
    }
    return object.size() == wider.size()
        && object.properties().stream()
            .allMatch(member ->
                wider.has(member.getKey())
                    && isWithin(
                        at + Shape.step(member.getKey()),
                        member.getValue(),
                        wider.path(member.getKey())));
  }

  /// What counts as less in one member. The same value always does.
  enum Less {
    /// A lower number, or the same.
    AT_MOST("at-most") {
      @Override
      boolean isLess(JsonNode narrower, JsonNode wider) {
        return areNumbers(narrower, wider)
            && narrower.bigIntegerValue().compareTo(wider.bigIntegerValue()) <= 0;
      }
    },
    /// A higher number, or the same.
    AT_LEAST("at-least") {
      @Override
      boolean isLess(JsonNode narrower, JsonNode wider) {
        return areNumbers(narrower, wider)
            && narrower.bigIntegerValue().compareTo(wider.bigIntegerValue()) >= 0;
      }
    },
    /// Fewer entries of a list, but one at least: an empty list often means all.
    SUBSET("subset") {
      @Override
      boolean isLess(JsonNode narrower, JsonNode wider) {
        if (!narrower.isArray() || !wider.isArray()) {
          return false;
        }
        var allowed = new HashSet<JsonNode>();
        wider.forEach(allowed::add);
        return narrower.equals(wider)
            || (!narrower.isEmpty()
                && StreamSupport.stream(narrower.spliterator(), false).allMatch(allowed::contains));
      }
    };

    private final String word;

    Less(String word) {
      this.word = word;
    }

    /// Its word in the file of types.
    String word() {
      return word;
    }

    abstract boolean isLess(JsonNode narrower, JsonNode wider);

    /// Whether members of this shape can be compared so.
    boolean suits(Shape shape) {
      return this == SUBSET ? shape instanceof Shape.Items : shape == Shape.Scalar.INTEGER;
    }

    static Optional<Less> of(String word) {
      return List.of(values()).stream().filter(less -> less.word.equals(word)).findFirst();
    }

    static String words() {
      return List.of(values()).stream().map(Less::word).collect(Collectors.joining(", "));
    }

    private static boolean areNumbers(JsonNode one, JsonNode other) {
      return one.isIntegralNumber() && other.isIntegralNumber();
    }
  }
}
