package dev.countersign.policy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Currency;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What a person reads about one element, built from its typed members only: text with placeholders
/// and optional parts.
///
/// `Refund {/amount:money(/currency)} to {/account}[ for {/reason:words}]`: a placeholder is a JSON
/// pointer, `money` writes minor units with the currency's decimals, `words` turns underscores into
/// blanks, and a part in brackets is left out where a member in it is missing. There are no literal
/// braces or brackets.
final class Sentence {
  private static final String ABSENT = "(none)";

  private final List<Part> parts;

  private Sentence(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /// Reads a template and holds it against the type's shape.
  ///
  /// @param complaints is told everything that is wrong
  static Sentence parse(String template, Shape shape, Complaints complaints) {
    var parser = new Parser(template, shape, complaints);
    return new Sentence(parser.parts(false));
  }

  /// Writes the sentence about one element; characters that a reader cannot see are spelled out.
  String write(JsonNode element) {
    String text = write(parts, element);
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }

  /// The first amount of the sentence, such as `80.00 USD`.
  Optional<String> amount(JsonNode element) {
    return parts.stream()
        .filter(part -> part instanceof Money)
        .findFirst()
        .map(money -> write(List.of(money), element));
  }

  private static String write(List<Part> parts, JsonNode element) {
    var text = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Literal(String literal) -> text.append(literal);
        case Member(String pointer, boolean words) -> {
          String value = plain(element.at(pointer));
          text.append(words ? value.replace('_', ' ') : value);
        }
        case Money(String amount, String currency) ->
            text.append(money(element.at(amount), element.at(currency)));
        case Maybe(List<Part> inner) -> {
          if (inner.stream().allMatch(piece -> isThere(piece, element))) {
            text.append(write(inner, element));
          }
        }
      }
    }
    return text.toString();
  }

  private static boolean isThere(Part part, JsonNode element) {
    return switch (part) {
      case Literal _, Maybe _ -> true;
      case Member(String pointer, _) -> !element.at(pointer).isMissingNode();
      case Money(String amount, String currency) ->
          !element.at(amount).isMissingNode() && !element.at(currency).isMissingNode();
    };
  }

  private static String plain(JsonNode value) {
    if (value.isArray()) {
      var items = new ArrayList<String>();
      value.forEach(item -> items.add(plain(item)));
      return String.join(", ", items);
    }
    return value.isValueNode() ? Display.isolated(value.asString()) : ABSENT;
  }

  private static String money(JsonNode amount, JsonNode currency) {
    if (!amount.isIntegralNumber() || !currency.isString()) {
      return ABSENT;
    }
    Optional<Integer> decimals = decimals(currency.stringValue());
    String code = Display.visible(currency.stringValue());
    return decimals
        .map(
            places -> new BigDecimal(amount.bigIntegerValue(), places).toPlainString() + " " + code)
        .orElseGet(() -> amount.bigIntegerValue() + " minor units of " + code);
  }

  /// How many decimals a currency's minor unit has; empty for what is no currency with a minor
  /// unit.
  static Optional<Integer> decimals(String code) {
    try {
      int decimals = Currency.getInstance(code).getDefaultFractionDigits();
      return decimals < 0 ? Optional.empty() : Optional.of(decimals);
    } catch (IllegalArgumentException noCurrency) {
      return Optional.empty();
    }
  }

  private sealed interface Part {}

  private record Literal(String text) implements Part {}

  private record Member(String pointer, boolean words) implements Part {}

  private record Money(String amount, String currency) implements Part {}

  private record Maybe(List<Part> parts) implements Part {}

  /// Reads a template once, from left to right.
  private static final class Parser {
    private final String template;
    private final Shape shape;
    private final Complaints complaints;
    private int position;

    Parser(String template, Shape shape, Complaints complaints) {
      this.template = template;
      this.shape = shape;
      this.complaints = complaints;
    }

    List<Part> parts(boolean optional) {
      var parts = new ArrayList<Part>();
      var literal = new StringBuilder();
      while (position < template.length()) {
        char c = template.charAt(position++);
        switch (c) {
          case '{' -> {
            flush(literal, parts);
            parts.add(placeholder(optional));
          }
          case '[' -> {
            flush(literal, parts);
            if (optional) {
              complain("an optional part cannot hold another one");
            }
            parts.add(new Maybe(parts(true)));
          }
          case ']' -> {
            flush(literal, parts);
            if (optional) {
              return parts;
            }
            complain("`]` without `[`");
          }
          case '}' -> complain("`}` without `{`");
          default -> literal.append(c);
        }
      }
      if (optional) {
        complain("`[` is never closed");
      }
      flush(literal, parts);
      return parts;
    }

    private void flush(StringBuilder literal, List<Part> parts) {
      if (!literal.isEmpty()) {
        parts.add(new Literal(Display.visible(literal.toString())));
        literal.setLength(0);
      }
    }

    private Part placeholder(boolean optional) {
      int end = template.indexOf('}', position);
      if (end < 0) {
        complain("`{` is never closed");
        position = template.length();
        return new Literal("");
      }
      String inside = template.substring(position, end);
      position = end + 1;
      int colon = inside.lastIndexOf(':');
      String pointer = colon < 0 ? inside : inside.substring(0, colon);
      String format = colon < 0 ? "" : inside.substring(colon + 1);
      if (format.isEmpty() || format.equals("words")) {
        check(pointer, optional);
        return new Member(pointer, !format.isEmpty());
      }
      if (format.startsWith("money(") && format.endsWith(")")) {
        String currency = format.substring("money(".length(), format.length() - 1);
        check(pointer, Shape.Scalar.INTEGER, optional);
        check(currency, Shape.Scalar.TEXT, optional);
        return new Money(pointer, currency);
      }
      complain(
          "unknown format after `:`; write {/pointer}, {/pointer:words} or {/pointer:money(/pointer)}");
      return new Literal("");
    }

    private void check(String pointer, boolean optional) {
      Optional<Shape.Found> found = find(pointer, optional);
      if (found.isPresent()) {
        Shape at =
            found.get().shape() instanceof Shape.Items(Shape item) ? item : found.get().shape();
        if (!(at instanceof Shape.Scalar)) {
          complain("`" + pointer + "` is an object; name one of its members");
        }
      }
    }

    private void check(String pointer, Shape.Scalar kind, boolean optional) {
      Optional<Shape.Found> found = find(pointer, optional);
      if (found.isPresent() && found.get().shape() != kind) {
        complain("`" + pointer + "` must be " + kind.words());
      }
    }

    private Optional<Shape.Found> find(String pointer, boolean optional) {
      Optional<Shape.Found> found =
          pointer.startsWith("/") ? shape.find(pointer) : Optional.empty();
      if (found.isEmpty()) {
        complain("no member at `" + pointer + "`" + Nearest.hint(pointer, shape.pointers()));
      } else if (!optional && !found.get().alwaysThere()) {
        complain("`" + pointer + "` may be missing; put it and its words into [ ]");
      }
      return found;
    }

    private void complain(String message) {
      complaints.at("", message);
    }
  }
}
