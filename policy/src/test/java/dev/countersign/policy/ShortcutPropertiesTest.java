package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cel.runtime.CelEvaluationException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A condition comes to the same with its shortcut as by CEL alone, whatever it says and whatever
/// is missing.
class ShortcutPropertiesTest {
  private static final Map<String, Shape> MEMBERS =
      Map.of(
          "n", Shape.Scalar.INTEGER,
          "m", Shape.Scalar.INTEGER,
          "s", Shape.Scalar.TEXT,
          "b", Shape.Scalar.FLAG,
          "list", new Shape.Items(Shape.Scalar.TEXT),
          "numbers", new Shape.Items(Shape.Scalar.INTEGER),
          "names", new Shape.Names(Shape.Scalar.INTEGER));
  private static final Shape.Members REQUEST = members(with(MEMBERS, "deep", members(MEMBERS)));
  private static final Conditions CONDITIONS =
      new Conditions(
          "urn:t",
          REQUEST,
          members(MEMBERS),
          members(MEMBERS),
          members(MEMBERS),
          members(MEMBERS),
          members(Map.of("thing", members(MEMBERS))));
  private static final List<Long> INTEGERS =
      List.of(
          0L,
          1L,
          2L,
          -1L,
          7L,
          9_007_199_254_740_992L,
          9_007_199_254_740_993L,
          Long.MAX_VALUE,
          Long.MAX_VALUE - 1,
          Long.MIN_VALUE + 1);
  // the last three look alike and are not the same
  private static final List<String> TEXTS = List.of("", "a", "b", "a'", "\u0430", "é", "e\u0301");

  private Random random = new Random(20_260_303);

  @Test
  void aConditionComesToTheSameAsByCelAlone() {
    compare(800);
  }

  @Test
  @Tag("slow")
  void tenThousandMoreDoToo() {
    random = new Random(20_260_304);
    compare(10_000);
  }

  private void compare(int expressions) {
    var seen = new HashSet<String>();
    int shortened = 0;
    for (int i = 0; i < expressions; i++) {
      String expression = flag(3);
      Condition condition = compile(expression);
      for (int j = 0; j < 6; j++) {
        Map<String, Object> variables = variables();
        var facts = new Facts(variables);

        String byCel = answer(() -> condition.holds(variables));

        seen.add(byCel);
        assertThat(answer(() -> condition.holds(facts)))
            .as("%s with %s", expression, variables)
            .isEqualTo(byCel);
        assertThat(answer(() -> condition.holds(facts))).isEqualTo(byCel);
        shortened += condition.withoutCel(facts) == Shortcut.Answer.UNSURE ? 0 : 1;
      }
    }

    assertThat(seen).contains("true", "false").hasSizeGreaterThan(2);
    assertThat(shortened).as("answered without CEL").isGreaterThan(expressions);
  }

  /// One decision asks many conditions with the same facts, and what one looked up serves the next.
  @Test
  void conditionsThatShareWhatTheyReadDoNotDisturbEachOther() {
    for (int i = 0; i < 12; i++) {
      var all = new ArrayList<String>();
      var conditions = new ArrayList<Condition>();
      for (int j = 0; j < 40; j++) {
        all.add(flag(2));
        conditions.add(compile(all.getLast()));
      }
      Map<String, Object> variables = variables();
      var facts = new Facts(variables);
      for (int j = 0; j < conditions.size(); j++) {
        Condition condition = conditions.get(j);
        assertThat(answer(() -> condition.holds(facts)))
            .as("%s with %s", all.get(j), variables)
            .isEqualTo(answer(() -> condition.holds(variables)));
      }
    }
  }

  /// Two loops of 600 are too many together and must stay so.
  @Test
  void F07_aShortcutDoesNotLoopLongerThanTheWholeConditionMay() {
    String loop = "request.list.all(x, x != 'y')";
    Map<String, Object> variables = variables();
    variables.put(
        "request", Map.of("list", new ArrayList<>(java.util.Collections.nCopies(600, "x"))));

    assertThat(answer(() -> compile(loop).holds(new Facts(variables)))).isEqualTo("true");
    for (String twice : List.of(loop + " && " + loop, "client == 'x' || (%1$s && %1$s)")) {
      Condition condition = compile(twice.formatted(loop));
      assertThat(answer(() -> condition.holds(new Facts(variables))))
          .isEqualTo(answer(() -> condition.holds(variables)))
          .isNotEqualTo("true");
    }
  }

  private interface Question {
    boolean holds() throws CelEvaluationException;
  }

  private static String answer(Question question) {
    try {
      return Boolean.toString(question.holds());
    } catch (CelEvaluationException broken) {
      return broken.getErrorCode().name();
    } catch (RuntimeException broken) {
      return broken.getClass().getSimpleName();
    }
  }

  private static Condition compile(String expression) {
    Optional<Condition> condition =
        CONDITIONS.compile(
            expression,
            (offset, message) -> {
              throw new IllegalStateException(expression + " at " + offset + ": " + message);
            });
    return condition.orElseThrow();
  }

  private String flag(int depth) {
    if (depth == 0) {
      return one("true", "false", "request.b", "subject.b", "caps.b", "request.deep.b");
    }
    int next = depth - 1;
    String flag =
        switch (random.nextInt(16)) {
          case 0, 1, 2 -> flag(next) + " && " + flag(next);
          case 3, 4, 5 -> flag(next) + " || " + flag(next);
          case 6 -> "!" + flag(next);
          case 7, 8 ->
              integer(next) + one(" < ", " <= ", " > ", " >= ", " == ", " != ") + integer(next);
          case 9 -> text(next) + one(" == ", " != ", " < ", " >= ") + text(next);
          case 10 -> text(next) + " in [" + text(0) + ", 'a', 'b']";
          case 11 ->
              one(text(0) + " in " + root() + ".list", integer(0) + " in " + root() + ".numbers");
          case 12 -> "has(" + root() + "." + one("n", "s", "b", "list", "names") + ")";
          case 13 -> integer(0) + " in [1, 2, 9007199254740993]";
          case 14 ->
              one(
                  text(0) + ".matches('^[ab]*$')",
                  text(0) + ".startsWith('a')",
                  "now.getHours('Europe/Berlin') < 6",
                  "now < timestamp('2026-03-01T00:00:00Z')",
                  "request.list.exists(x, x == " + text(0) + ")",
                  "requests.all(r, r.n < " + integer(0) + ")",
                  "'a' in request.names",
                  "request.names['a'] < " + integer(0),
                  "request.list[0] == " + text(0),
                  "request.list == subject.list",
                  "requests[0] == request");
          default -> flag(next) + one(" == ", " != ") + flag(next);
        };
    return "(" + flag + ")";
  }

  private String integer(int depth) {
    if (depth == 0) {
      return random.nextInt(4) == 0
          ? pick(INTEGERS).toString()
          : one(root() + ".n", root() + ".m", "request.deep.n", "history.n", "resource.thing.n");
    }
    int next = depth - 1;
    return switch (random.nextInt(6)) {
      case 0 -> "(" + integer(next) + one(" + ", " - ", " * ", " / ", " % ") + integer(next) + ")";
      case 1 -> "size(" + root() + "." + one("list", "numbers", "s", "names") + ")";
      case 2 -> "size(requests)";
      case 3 -> "(" + flag(0) + " ? " + integer(0) + " : " + integer(0) + ")";
      case 4 -> "-" + root() + ".n";
      default -> integer(0);
    };
  }

  private String text(int depth) {
    return depth > 0 && random.nextInt(5) == 0
        ? "(" + text(0) + " + " + text(0) + ")"
        : random.nextInt(3) == 0
            ? "\"" + pick(TEXTS) + "\""
            : one(root() + ".s", "request.deep.s", "client", "actor", "resource.thing.s");
  }

  private String root() {
    return one("request", "subject", "caps", "total");
  }

  private String one(String... choices) {
    return pick(Arrays.asList(choices));
  }

  private <T> T pick(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private Map<String, Object> variables() {
    var variables = new HashMap<String, Object>();
    for (String root : List.of("request", "subject", "caps", "history", "total")) {
      variables.put(root, object());
    }
    if (random.nextInt(10) == 0) {
      variables.remove("request");
    }
    Map<String, Object> request = object();
    request.put("deep", object());
    variables.computeIfPresent("request", (_, _) -> request);
    variables.put("requests", variables.containsKey("request") ? List.of(request) : List.of());
    variables.put("resource", random.nextInt(8) == 0 ? Map.of() : Map.of("thing", object()));
    variables.put("client", pick(TEXTS));
    variables.put("actor", pick(TEXTS));
    variables.put("scopes", List.of("x"));
    variables.put("now", Instant.ofEpochSecond(random.nextLong(1_700_000_000L, 1_900_000_000L)));
    return variables;
  }

  /// Members of any kind, some of them missing, and now and then one of the wrong kind.
  private Map<String, Object> object() {
    var members = new HashMap<String, Object>();
    MEMBERS.forEach((name, shape) -> {
      int chance = random.nextInt(20);
      if (chance > 1) {
        members.put(name, chance == 2 ? pick(TEXTS) : value(shape));
      }
    });
    return members;
  }

  private Object value(Shape shape) {
    return switch (shape) {
      case Shape.Scalar.INTEGER -> pick(INTEGERS);
      case Shape.Scalar.TEXT -> pick(TEXTS);
      case Shape.Scalar.FLAG -> random.nextBoolean();
      case Shape.Items(Shape item) -> {
        var items = new ArrayList<Object>();
        for (int n = random.nextInt(3); n > 0; n--) {
          items.add(random.nextInt(12) == 0 ? true : value(item));
        }
        yield items;
      }
      default -> Map.of("a", pick(INTEGERS));
    };
  }

  private static Shape.Members members(Map<String, Shape> shapes) {
    return new Shape.Members(new java.util.LinkedHashMap<>(shapes), Set.of());
  }

  private static Map<String, Shape> with(Map<String, Shape> shapes, String name, Shape shape) {
    var more = new HashMap<>(shapes);
    more.put(name, shape);
    return more;
  }
}
