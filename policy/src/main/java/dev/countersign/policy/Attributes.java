package dev.countersign.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The facts about a person that a policy declares, and how their values become usable.
///
/// A value that is not exactly as declared is as good as none: a limit that comes as text or as
/// `5000.0` never counts.
record Attributes(SortedMap<String, Declared> declared) {
  Attributes {
    declared = Collections.unmodifiableSortedMap(new TreeMap<>(declared));
  }

  /// The kinds of values.
  enum Kind {
    INT("an integer"),
    STRING("a text"),
    BOOL("true or false"),
    STRINGS("a list of texts");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    Shape shape() {
      return switch (this) {
        case INT -> Shape.Scalar.INTEGER;
        case STRING -> Shape.Scalar.TEXT;
        case BOOL -> Shape.Scalar.FLAG;
        case STRINGS -> new Shape.Items(Shape.Scalar.TEXT);
      };
    }
  }

  /// One declared attribute.
  ///
  /// @param isRequired whether nobody without it gets anything
  /// @param minimum least value of an integer
  /// @param maximum greatest value of an integer: what the source says above it is not believed
  /// @param maxAge how long a source is believed after it said so, or zero for ever
  /// @param sources who is believed: `claim`, or who wrote it to the attribute store; empty for
  ///   anybody
  record Declared(
      Kind kind,
      boolean isRequired,
      long minimum,
      long maximum,
      Duration maxAge,
      Set<String> sources) {
    Declared {
      sources = Set.copyOf(sources);
    }

    /// A value that somebody whom the policy believes says now.
    Attribute believed(JsonNode value, Instant now) {
      return new Attribute(
          value, sources.stream().min(Comparator.naturalOrder()).orElse("what if"), now);
    }

    private @Nullable String problem(Attribute found, Instant now) {
      if (!sources.isEmpty() && !sources.contains(found.source())) {
        return "is not from a source that the policy believes";
      }
      if (maxAge.isPositive() && found.at().plus(maxAge).isBefore(now)) {
        return "is older than the policy believes";
      }
      return problem(found.value());
    }

    private @Nullable String problem(JsonNode value) {
      boolean fits =
          switch (kind) {
            case INT -> value.isIntegralNumber() && value.canConvertToLong();
            case STRING -> value.isString();
            case BOOL -> value.isBoolean();
            case STRINGS -> value.isArray() && value.valueStream().allMatch(JsonNode::isString);
          };
      if (!fits) {
        return "is not " + kind.words;
      }
      if (kind == Kind.INT && (value.longValue() < minimum || value.longValue() > maximum)) {
        return "is outside its declared range";
      }
      return null;
    }
  }

  /// What is known about one person.
  ///
  /// @param values usable values by name
  /// @param missing why there is none, by name
  record Known(Map<String, Object> values, SortedMap<String, String> missing) {}

  /// @param now to tell how old a value is
  Known read(Map<String, Attribute> given, Instant now) {
    var values = new LinkedHashMap<String, Object>();
    var missing = new TreeMap<String, String>();
    declared.forEach((name, attribute) -> {
      Attribute found = given.get(name);
      String problem =
          found == null || found.value().isNull() ? "is missing" : attribute.problem(found, now);
      if (problem == null && found != null) {
        values.put(name, Values.of(found.value()));
      } else {
        missing.put(name, "the person's `" + name + "` " + problem);
      }
    });
    return new Known(values, missing);
  }

  Set<String> names() {
    return declared.keySet();
  }
}
