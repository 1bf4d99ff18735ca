package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class CanonicalJsonTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"b":1,"a":{"d":[],"c":{}}}        | {"a":{"c":{},"d":[]},"b":1}
          [8000.0, 8e3, 80.50, -0.0, 1e2]    | [8000,8000,80.5,0,100]
          [true, false, null]                | [true,false,null]
          "a\\"b\\\\c\\/d\\n\\t\\r"          | "a\\"b\\\\c/d\\n\\t\\r"
          "\\u00e9\\ud83d\\ude00\\u007f"     | "\u00e9\ud83d\ude00\u007f"
          123456789012345678901234567890     | 123456789012345678901234567890
          0.000000001                        | 1E-9
          {"\u00e9":1,"z":2,"Z":3,"":4}      | {"":4,"Z":3,"z":2,"\u00e9":1}
          """)
  void hasOneFormForEachMeaning(String text, String canonical) {
    assertThat(StrictJson.canonical(StrictJson.parse(text))).isEqualTo(canonical);
  }

  @Test
  void agreesWithTheLibrarysWriterOnRandomTrees() {
    var random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      JsonNode tree = tree(random, 4);

      String canonical = StrictJson.canonical(tree);

      assertThat(canonical).isEqualTo(StrictJson.write(sorted(tree)));
      assertThat(StrictJson.canonical(StrictJson.parse("[" + canonical + "]")))
          .isEqualTo("[" + canonical + "]");
    }
  }

  private static JsonNode sorted(JsonNode value) {
    return switch (value) {
      case ObjectNode object -> {
        var members = new TreeMap<String, JsonNode>();
        object.properties().forEach(member -> members.put(member.getKey(), member.getValue()));
        ObjectNode copy = StrictJson.object();
        members.forEach((name, member) -> copy.set(name, sorted(member)));
        yield copy;
      }
      case ArrayNode array -> {
        ArrayNode copy = StrictJson.array();
        array.forEach(element -> copy.add(sorted(element)));
        yield copy;
      }
      default -> value;
    };
  }

  private static JsonNode tree(Random random, int depth) {
    int kind = random.nextInt(depth == 0 ? 4 : 6);
    return switch (kind) {
      case 0 -> StrictJson.array().add(text(random)).path(0);
      case 1 -> StrictJson.array().add(random.nextLong()).path(0);
      case 2 -> StrictJson.array().add(random.nextBoolean()).path(0);
      case 3 -> StrictJson.array().addNull().path(0);
      case 4 -> {
        ObjectNode object = StrictJson.object();
        for (int i = random.nextInt(5); i > 0; i--) {
          object.set(text(random), tree(random, depth - 1));
        }
        yield object;
      }
      default -> {
        ArrayNode array = StrictJson.array();
        for (int i = random.nextInt(5); i > 0; i--) {
          array.add(tree(random, depth - 1));
        }
        yield array;
      }
    };
  }

  private static String text(Random random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      text.append("ab\"\\/\n\t\r \u00e9\u2028\u4e2d".charAt(random.nextInt(12)));
    }
    return text.toString();
  }
}
