package dev.countersign.broker;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.countersign.protocol.StrictJson;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What must hold for one field of a request. A field that is missing breaks it.
///
/// @param path the members' names from the element on, such as `[operationDetails,
///   instructedAmount, amount]`; `*` stands for every item of an array
/// @param test what each value found there must be
public record Constraint(List<String> path, Test test) {
  private static final int LONGEST_PATTERN = 1_024;

  public Constraint {
    path = List.copyOf(path);
    if (path.isEmpty() || path.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException(
          "a constrained field is named by its path, such as `operationDetails.caseId`");
    }
  }

  /// Reads a path as it stands in configuration: names with dots between them.
  public static Constraint of(String path, Test test) {
    return new Constraint(List.of(path.split("\\.", -1)), test);
  }

  /// The path as it stands in configuration.
  String name() {
    return String.join(".", path);
  }

  /// Whether it holds for an element.
  boolean holds(JsonNode element) {
    var values = List.of(element);
    for (String step : path) {
      var next = new ArrayList<JsonNode>();
      for (JsonNode value : values) {
        if (step.equals("*") && value.isArray() && !value.isEmpty()) {
          value.forEach(next::add);
        } else if (value.isObject() && value.has(step)) {
          next.add(value.path(step));
        } else {
          return false;
        }
      }
      values = List.copyOf(next);
    }
    return values.stream().allMatch(test::passes);
  }

  /// What a value must be.
  public sealed interface Test {
    boolean passes(JsonNode value);

    /// Exactly this text, integer or flag.
    record Equal(JsonNode value) implements Test {
      public Equal {
        requireScalar(value);
      }

      @Override
      public boolean passes(JsonNode candidate) {
        return isSame(value, candidate);
      }
    }

    /// One of these texts, integers or flags.
    record In(List<JsonNode> values) implements Test {
      public In {
        values = List.copyOf(values);
        values.forEach(Test::requireScalar);
        if (values.isEmpty()) {
          throw new IllegalArgumentException("`in` needs at least one value");
        }
      }

      @Override
      public boolean passes(JsonNode candidate) {
        return values.stream().anyMatch(value -> isSame(value, candidate));
      }
    }

    /// A whole number between two bounds, both included. Numbers written with a fraction or an
    /// exponent are not whole here, whatever their value.
    record Range(Optional<BigInteger> least, Optional<BigInteger> most) implements Test {
      public Range {
        if (least.isEmpty() && most.isEmpty()) {
          throw new IllegalArgumentException("a range needs `min`, `max` or both");
        }
        if (least.isPresent() && most.isPresent() && least.get().compareTo(most.get()) > 0) {
          throw new IllegalArgumentException("`min` must not be above `max`");
        }
      }

      @Override
      public boolean passes(JsonNode candidate) {
        if (!candidate.isIntegralNumber()) {
          return false;
        }
        BigInteger number = candidate.bigIntegerValue();
        return least.map(bound -> number.compareTo(bound) >= 0).orElse(true)
            && most.map(bound -> number.compareTo(bound) <= 0).orElse(true);
      }
    }

    /// A text that matches as a whole. The engine is RE2's: its time grows with the text's length
    /// only, whoever wrote pattern and text.
    record Matching(Pattern pattern) implements Test {

      /// Compiles a pattern.
      public static Matching of(String pattern) {
        if (pattern.length() > LONGEST_PATTERN) {
          throw new IllegalArgumentException("`pattern` is longer than 1024 characters");
        }
        try {
          return new Matching(Pattern.compile(pattern));
        } catch (PatternSyntaxException malformed) {
          throw new IllegalArgumentException(
              "`pattern` is not a regular expression of RE2: " + malformed.getDescription(),
              malformed);
        }
      }

      @Override
      public boolean passes(JsonNode candidate) {
        return candidate.isString() && pattern.matches(candidate.stringValue());
      }
    }

    private static void requireScalar(JsonNode value) {
      if (!value.isString() && !value.isIntegralNumber() && !value.isBoolean()) {
        throw new IllegalArgumentException("values to compare with are texts, integers and flags");
      }
    }

    // 8000 and 8000.0 are different here, and 8000 and "8000".
    private static boolean isSame(JsonNode expected, JsonNode candidate) {
      return expected.getNodeType() == candidate.getNodeType()
          && expected.isIntegralNumber() == candidate.isIntegralNumber()
          && StrictJson.canonical(expected).equals(StrictJson.canonical(candidate));
    }
  }
}
