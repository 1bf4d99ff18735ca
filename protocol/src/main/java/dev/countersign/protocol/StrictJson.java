package dev.countersign.protocol;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The one JSON reader and writer. Reads exactly, or refuses: duplicate names at any depth, text
/// after the value, bytes that are not UTF-8, lone surrogates, control characters, over-long
/// numbers, names and texts, and deep nesting.
///
/// Numbers keep their value (no double in between). Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8259 RFC 8259
/// @spec https://www.rfc-editor.org/rfc/rfc7493#section-2 RFC 7493 §2
public final class StrictJson {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_NUMBER = 64;
  private static final int MAX_NAME = 512;
  private static final int MAX_TEXT = 1 << 20;

  private static final char REPLACEMENT = '\uFFFD';

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER)
                          .maxNameLength(MAX_NAME)
                          .maxStringLength(MAX_TEXT)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private StrictJson() {}

  /// Reads one JSON value.
  ///
  /// @throws MalformedJsonException saying what is wrong, never with the text in it
  public static JsonNode parse(byte[] utf8) {
    return parse(decode(utf8));
  }

  /// Reads one JSON value.
  ///
  /// @throws MalformedJsonException saying what is wrong, never with the text in it
  public static JsonNode parse(String text) {
    JsonNode value;
    try {
      value = MAPPER.readTree(text);
    } catch (JacksonException malformed) {
      throw new MalformedJsonException(describe(malformed));
    } catch (NumberFormatException beyondAnyDecimal) {
      throw new MalformedJsonException("a number has too large an exponent");
    }
    if (value.isMissingNode()) {
      throw new MalformedJsonException("the text is empty");
    }
    check(value);
    return value;
  }

  /// Reads one JSON object.
  ///
  /// @throws MalformedJsonException also when the value is not an object
  public static ObjectNode parseObject(byte[] utf8) {
    return asObject(parse(utf8));
  }

  /// Reads one JSON object.
  ///
  /// @throws MalformedJsonException also when the value is not an object
  public static ObjectNode parseObject(String text) {
    return asObject(parse(text));
  }

  /// A new empty object.
  public static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /// A new empty array.
  public static ArrayNode array() {
    return JsonNodeFactory.instance.arrayNode();
  }

  /// A text as a value.
  public static JsonNode text(String text) {
    return JsonNodeFactory.instance.stringNode(text);
  }

  /// Writes a value in the order its members have.
  public static String write(JsonNode value) {
    return MAPPER.writeValueAsString(value);
  }

  /// Writes a value in its one canonical form: members sorted by name, no white space, numbers in
  /// plain decimal without trailing zeros. Two values that mean the same have the same form; it is
  /// what Countersign signs and digests.
  public static String canonical(JsonNode value) {
    return CanonicalJson.of(value);
  }

  /// A copy of a value with the members of its objects in the canonical order. Numbers stay as they
  /// came, so that one which is no integer can still be told from one that is.
  static JsonNode ordered(JsonNode value) {
    return switch (value) {
      case ObjectNode object -> {
        String[] names = object.propertyNames().toArray(String[]::new);
        Arrays.sort(names);
        ObjectNode copy = object();
        for (String name : names) {
          copy.set(name, ordered(object.path(name)));
        }
        yield copy;
      }
      case ArrayNode array -> {
        ArrayNode copy = array();
        array.forEach(element -> copy.add(ordered(element)));
        yield copy;
      }
      default -> value;
    };
  }

  private static ObjectNode asObject(JsonNode value) {
    if (value instanceof ObjectNode object) {
      return object;
    }
    throw new MalformedJsonException("the value is not an object");
  }

  private static String decode(byte[] utf8) {
    String quick = new String(utf8, StandardCharsets.UTF_8);
    if (quick.indexOf(REPLACEMENT) < 0) {
      return quick; // nothing was malformed
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(utf8))
          .toString();
    } catch (CharacterCodingException malformed) {
      throw new MalformedJsonException("the text is not UTF-8");
    }
  }

  private static void check(JsonNode value) {
    if (value instanceof ObjectNode object) {
      object
          .properties()
          .forEach(member -> {
            checkText(member.getKey());
            check(member.getValue());
          });
    } else if (value instanceof ArrayNode array) {
      array.forEach(StrictJson::check);
    } else if (value.isString()) {
      checkText(value.stringValue());
    } else if (value.isNumber()) {
      checkNumber(value);
    }
  }

  private static void checkNumber(JsonNode value) {
    if (value.isFloatingPointNumber()) {
      BigDecimal number = value.decimalValue();
      if (Math.abs((long) number.scale()) > MAX_NUMBER
          || number.precision() > MAX_NUMBER
          || (long) number.precision() - number.scale() > MAX_NUMBER) {
        throw new MalformedJsonException("a number is out of range");
      }
    }
  }

  private static void checkText(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' && c != '\n' && c != '\t' && c != '\r') {
        throw new MalformedJsonException("a text holds a control character");
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new MalformedJsonException("a text holds a lone surrogate");
      }
    }
  }

  private static String describe(JacksonException malformed) {
    String message = malformed.getOriginalMessage();
    if (message != null && message.startsWith("Duplicate")) {
      return "a member name occurs twice";
    }
    if (message != null && message.contains("exceeds the maximum")) {
      return "the text is too long or too deep";
    }
    return "the text is not JSON";
  }
}
