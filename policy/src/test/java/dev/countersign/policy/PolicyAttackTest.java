package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.config.ConfigException;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.WireException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Policies and requests that are made to exhaust, to confuse or to slip through.
class PolicyAttackTest {
  private static final Duration GENEROUS = Duration.ofSeconds(60);
  private static final String TYPES =
      """
      types:
        - name: urn:t
          sentence: X
          schema:
            type: object
            properties:
              n: { type: integer, minimum: -9223372036854775807, maximum: 9223372036854775806 }
              s: { type: string, maxLength: 1024 }
              p: { type: string, maxLength: 1024 }
              list: { type: array, maxItems: 256, items: { type: string, maxLength: 20 } }
      """;

  @TempDir private Path folder;

  private Policy load(String rules) {
    TypeRegistry types = TypeRegistry.load(Refunds.write(folder, "types.yaml", TYPES));
    return Policy.load(Refunds.write(folder, "policy.yaml", rules), types);
  }

  private Policy when(String condition) {
    return load(
        "rules:\n  - name: only\n    type: urn:t\n    then: permit\n    when: >-\n      "
            + condition
            + "\n");
  }

  private static Outcome outcome(Policy policy, String members) {
    return Assertions.assertTimeoutPreemptively(
        GENEROUS,
        () -> policy.decide(Refunds.ask("{\"type\":\"urn:t\"," + members + "}")).outcome());
  }

  // ---- files

  @Test
  void F07_aFileWhoseAliasesMultiplyIsRefused() {
    String bomb =
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + IntStream.range(0, 12)
                .mapToObj(n -> (char) ('b' + n))
                .map(c ->
                    "%1$s: &%1$s [%2$s]\n"
                        .formatted(c, ("*" + (char) (c - 1) + ", ").repeat(9) + "x"))
                .collect(Collectors.joining());

    Assertions.assertTimeoutPreemptively(
        GENEROUS,
        () ->
            assertThatThrownBy(() -> load(bomb + "rules: [*m]\n"))
                .isInstanceOf(ConfigException.class));
  }

  @Test
  void F07_aFileThatIsNestedWithoutEndIsRefused() {
    for (String deep : new String[] {"[".repeat(200_000), "{a: ".repeat(100_000)}) {
      Assertions.assertTimeoutPreemptively(
          GENEROUS,
          () ->
              assertThatThrownBy(() -> load("rules: " + deep)).isInstanceOf(ConfigException.class));
    }
  }

  @Test
  void F07_aFileWithMoreRulesThanAnyoneReadsIsRefused() {
    String rules =
        IntStream.range(0, 5_001)
            .mapToObj(n -> "  - { name: r" + n + ", when: 'true', then: permit }\n")
            .collect(Collectors.joining());

    assertThatThrownBy(() -> load("rules:\n" + rules)).hasMessageContaining("more than 5000 rules");
  }

  // ---- expressions

  static String nested(String before, String middle, String after, int times) {
    return before.repeat(times) + middle + after.repeat(times);
  }

  @ParameterizedTest
  @CsvSource({"(,true,), 2000", "'[[',1,']]', 1000", "'-',1,'', 4000"})
  void F07_anExpressionThatIsNestedWithoutEndIsALoadError(
      String before, String middle, String after, int times) {
    Assertions.assertTimeoutPreemptively(
        GENEROUS,
        () ->
            assertThatThrownBy(() -> when(nested(before, middle, after, times)))
                .isInstanceOf(ConfigException.class));
  }

  @Test
  void F07_anExpressionThatIsTooLongIsALoadError() {
    assertThatThrownBy(() -> when("request.n == 1 || ".repeat(400) + "true"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("rules[0].when");
  }

  /// As long as an expression may be, and as wide.
  @Test
  void theLongestExpressionIsDecided() {
    assertThat(outcome(when("request.n == 1 || ".repeat(200) + "request.n == 2"), "\"n\":2"))
        .isEqualTo(Outcome.PERMIT);
    assertThat(outcome(when("request.n > 0 && ".repeat(200) + "request.n == 2"), "\"n\":2"))
        .isEqualTo(Outcome.PERMIT);
  }

  @Test
  void F07_loopsWithinLoopsEndInADenial() {
    String list =
        "\"list\":["
            + IntStream.range(0, 256)
                .mapToObj(n -> "\"" + n + "\"")
                .collect(Collectors.joining(","))
            + "]";
    Policy policy =
        when("request.list.all(a, request.list.all(b, request.list.all(c, a != 'x' || b == c)))");

    assertThat(outcome(policy, list)).isEqualTo(Outcome.DENY);
    assertThat(
            outcome(
                when("!(" + "request.list.exists(a, request.list.exists(b, a == 'x' && b == a)))"),
                list))
        .isEqualTo(Outcome.DENY);
  }

  /// Backtracking would take longer than the world will stand.
  @ParameterizedTest
  @ValueSource(strings = {"(a+)+$", "(a|aa)+$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"})
  void F07_aPatternThatBacktracksElsewhereIsAnsweredHere(String pattern) {
    String text = "\"s\":\"" + "a".repeat(1_020) + "!\"";

    assertThat(outcome(when("request.s.matches('" + pattern + "')"), text)).isEqualTo(Outcome.DENY);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "(((a{1000}){1000}){1000}) | the regular expression repeats too much",
        "((([ab]{9}){99,}){9,99}) | the regular expression repeats too much",
        "(?<=a)b | not a regular expression (RE2 syntax)",
        "(a)\\\\1 | not a regular expression (RE2 syntax)",
      })
  void F07_aPatternThatIsNoneOrTooMuchIsALoadError(String pattern, String problem) {
    Assertions.assertTimeoutPreemptively(
        GENEROUS,
        () ->
            assertThatThrownBy(() -> when("request.n == 1 || request.s.matches('" + pattern + "')"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("rules[0].when: " + problem)
                .hasMessageContaining("policy.yaml:"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"request.s.matches(request.p)", "matches(request.s, 'a' + request.p)"})
  void F07_aPatternThatARequestBringsIsALoadError(String condition) {
    assertThatThrownBy(() -> when(condition))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("the pattern of `matches` must be written in the condition");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"^[0-9]{4}-[0-9]{2}$", "^[^]{9}]{1,200}@[a-z]{1,253}$", "^R-(a|b{2,})*[{]x{0}$"})
  void usualPatternsAreTaken(String pattern) {
    assertThat(outcome(when("!request.s.matches('" + pattern + "')"), "\"s\":\"-\""))
        .isEqualTo(Outcome.PERMIT);
  }

  // ---- requests

  @Test
  void D11_moreElementsThanAnyoneReadsAreNoRequest() {
    String[] many = new String[10_000];
    java.util.Arrays.fill(many, "{\"type\":\"urn:t\"}");

    assertThatThrownBy(() ->
            load("rules: [{name: a, when: 'true', then: permit}]")
                .types()
                .check(Refunds.details(many)))
        .isInstanceOfAny(WireException.class, MalformedJsonException.class);
  }

  /// A double cannot tell these apart.
  @ParameterizedTest
  @CsvSource({
    "9007199254740992, PERMIT",
    "9007199254740993, DENY",
    "9223372036854775806, DENY",
    "-9007199254740993, PERMIT",
  })
  void D20_wholeNumbersBeyondTheDoublesAreCompared(String number, Outcome outcome) {
    Policy limited =
        load(
            """
            caps: { most: 9007199254740992 }
            attributes: { most: { type: int } }
            rules:
              - { name: a, type: urn:t, when: request.n <= caps.most && request.n <= subject.most, then: permit }
              - { name: b, type: urn:t, when: request.n == 9007199254740993, then: deny }
            """);

    Decision decision =
        limited.decide(
            Refunds.ask(
                Map.of("most", "9007199254740992"), "{\"type\":\"urn:t\",\"n\":" + number + "}"));

    assertThat(decision.outcome()).isEqualTo(outcome);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"9223372036854775808", "1e30", "-9223372036854775809", "9007199254740993.0"})
  void D20_numbersBeyondOurOwnAreNeverDecidedOn(String number) {
    assertThat(outcome(when("request.n != 0"), "\"n\":" + number)).isEqualTo(Outcome.DENY);
    assertThat(outcome(when("true"), "\"n\":1")).isEqualTo(Outcome.PERMIT);
  }

  /// Sums that leave 64 bits deny; they do not wrap around to something small.
  @Test
  void F07_aSumThatOverflowsDenies() {
    assertThat(outcome(when("request.n + request.n < 10"), "\"n\":9223372036854775806"))
        .isEqualTo(Outcome.DENY);
    assertThat(outcome(when("request.n * 4 < 10"), "\"n\":4611686018427387904"))
        .isEqualTo(Outcome.DENY);
    assertThat(outcome(when("-request.n - 9 > 0"), "\"n\":9223372036854775800"))
        .isEqualTo(Outcome.DENY);
  }

  /// Texts are compared as they are: what only looks the same is not the same.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0430dmin", // Cyrillic a
        "\uff41dmin", // full width
        "admin\u200b", // zero width space
        "ad\u00admin", // soft hyphen
        "ADMIN",
        "admin ",
        "\u202eadmin",
      })
  void D17_whatLooksLikeANameIsNotThatName(String name) {
    for (String condition :
        new String[] {
          "request.s == 'admin'", "request.s in ['admin']", "request.s.matches('^admin$')"
        }) {
      assertThat(outcome(when(condition), "\"s\":\"" + name + "\""))
          .as(condition)
          .isEqualTo(Outcome.DENY);
      assertThat(outcome(when(condition), "\"s\":\"admin\"")).isEqualTo(Outcome.PERMIT);
    }
  }

  /// One letter can be written in two ways; a rule that forbids one does not see the other.
  @Test
  void D17_composedAndDecomposedLettersAreTwoTexts() {
    Policy policy = when("request.s == 'caf\u00e9'");

    assertThat(outcome(policy, "\"s\":\"caf\u00e9\"")).isEqualTo(Outcome.PERMIT);
    assertThat(outcome(policy, "\"s\":\"cafe\u0301\"")).isEqualTo(Outcome.DENY);
  }
}
