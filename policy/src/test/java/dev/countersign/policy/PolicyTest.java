package dev.countersign.policy;

import static dev.countersign.policy.Outcome.DENY;
import static dev.countersign.policy.Outcome.KILL;
import static dev.countersign.policy.Outcome.PERMIT;
import static dev.countersign.policy.Outcome.STEP_UP;
import static dev.countersign.policy.Refunds.ask;
import static dev.countersign.policy.Refunds.caseRequest;
import static dev.countersign.policy.Refunds.refund;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How answers of rules become a decision, whatever the rules are about.
class PolicyTest {
  private static final String AMOUNT = "request.operationDetails.instructedAmount.amount";

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "permit, PERMIT",
    "permit step_up, STEP_UP",
    "step_up, STEP_UP",
    "permit deny, DENY",
    "step_up deny permit, DENY",
    "deny kill, KILL",
    "kill permit, KILL",
    "permit step_up deny kill, KILL",
  })
  void theMostSevereAnswerWins(String answers, Outcome outcome) {
    var rules = new ArrayList<String>();
    for (String answer : List.of(answers.split(" ", -1))) {
      rules.add(rule("r" + rules.size(), "true", answer));
    }

    assertThat(policy(rules).decide(ask(refund("1"))).outcome()).isEqualTo(outcome);
  }

  @Test
  void deniesWhatNoRuleSpeaksAbout() {
    Decision decision = policy(List.of(rule("none", "false", "permit"))).decide(ask(refund("1")));

    assertThat(decision.outcome()).isEqualTo(DENY);
    assertThat(decision.matches())
        .containsExactly(new Match(Match.NO_RULE, DENY, 0, "no rule permits this", Map.of()));
  }

  @Test
  void D02_deniesATypeThatIsNotRegisteredEvenWhereARulePermitsAll() {
    Policy policy = load("rules:\n  - { name: all, when: 'true', then: permit }\n");

    assertThat(policy.decide(ask(refund("1"))).outcome()).isEqualTo(PERMIT);
    Decision unknown = policy.decide(ask("{\"type\":\"x\"}"));
    assertThat(unknown.outcome()).isEqualTo(DENY);
    assertThat(unknown.reason()).isEqualTo("the type of the request is not known");
  }

  /// Conditions that type-check and cannot be evaluated.
  static final List<String> BROKEN =
      List.of(
          AMOUNT + " / 0 > 1",
          AMOUNT + " * 9223372036854775807 > 1",
          AMOUNT + " <= subject.refund_limit",
          "subject.groups[0] == 'x'",
          "requests[7].type == 'x'",
          "now.getHours('Nowhere/Land') < 25",
          "int(request.operationDetails.creditorAccount.identification) > 1",
          "timestamp(client) < now",
          "subject.vip");

  @ParameterizedTest
  @FieldSource("BROKEN")
  void F07_aRuleThatFailsDeniesAndIsNamed(String condition) {
    for (String answer : List.of("permit", "step_up", "deny")) {
      Policy policy =
          policy(List.of(rule("broken", condition, answer), rule("fine", "true", "permit")));

      Decision decision = policy.decide(ask(Map.of(), refund("2")));

      assertThat(decision.outcome()).isEqualTo(DENY);
      assertThat(decision.matches().getFirst().rule()).isEqualTo("broken");
      assertThat(decision.matches().getFirst().values()).containsKey("(error)");
    }
  }

  @Test
  void F07_aRuleThatFailsDoesNotHideAKill() {
    Policy policy =
        policy(
            List.of(rule("broken", AMOUNT + " / 0 > 1", "permit"), rule("stop", "true", "kill")));

    assertThat(policy.decide(ask(refund("1"))).outcome()).isEqualTo(KILL);
  }

  @Test
  void D20_aNumberThatIsNoIntegerNeverReachesARule() {
    Policy policy = policy(List.of(rule("small", AMOUNT + " < 100", "permit")));

    for (String amount : List.of("1.0", "1e0", "0.5", "null")) {
      assertThat(policy.decide(ask(refund(amount))).outcome()).isEqualTo(DENY);
    }
    assertThat(policy.decide(ask(refund("\"1\""))).outcome()).isEqualTo(DENY);
    assertThat(policy.decide(ask(refund("true"))).outcome()).isEqualTo(DENY);
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "subject.refund_limit == 5 | 5 | PERMIT",
        "subject.refund_limit == 5 | '5.0' | DENY",
        "subject.refund_limit == 5 | '\"5\"' | DENY",
        "has(subject.refund_limit) | 5 | PERMIT",
        "!has(subject.refund_limit) | 5.0 | PERMIT",
        "subject.refund_limit == 1000 | 1000 | PERMIT",
        "subject.refund_limit > 0 | 1001 | DENY",
        "subject.refund_limit >= 0 | 0 | PERMIT",
        "subject.refund_limit < 1 | -1 | DENY",
      },
      delimiter = '|')
  void F10_believesAnAttributeOnlyWithinItsDeclaration(
      String condition, String value, Outcome outcome) {
    Policy policy = policy(List.of(rule("limit", condition, "permit")));

    assertThat(policy.decide(ask(Map.of("refund_limit", value), refund("1"))).outcome())
        .isEqualTo(outcome);
  }

  @Test
  void readsTextsFlagsAndLists() {
    Policy policy =
        policy(
            List.of(
                rule(
                    "team",
                    "subject.team == 'emea' && subject.vip && 'a' in subject.groups",
                    "permit")));
    Map<String, String> right =
        Map.of("team", "\"emea\"", "vip", "true", "groups", "[\"a\",\"b\"]");

    assertThat(policy.decide(ask(right, refund("1"))).outcome()).isEqualTo(PERMIT);
    for (String wrong : List.of("1", "\"true\"", "[1]", "null", "{}")) {
      for (String name : right.keySet()) {
        var attributes = new HashMap<>(right);
        attributes.put(name, wrong);
        assertThat(policy.decide(ask(attributes, refund("1"))).outcome())
            .as(name + " " + wrong)
            .isEqualTo(DENY);
      }
    }
  }

  @Test
  void aRequiredAttributeIsRequiredOfEveryRequest() {
    Policy policy =
        load(
            """
            attributes:
              team: { type: string, required: true }
            rules:
              - { name: all, when: "true", then: permit }
            """);

    assertThat(policy.decide(ask(Map.of("team", "\"x\""), refund("1"))).outcome())
        .isEqualTo(PERMIT);
    Decision without = policy.decide(ask(refund("1")));
    assertThat(without.outcome()).isEqualTo(DENY);
    assertThat(without.reason()).isEqualTo("the person's `team` is missing");
    assertThat(without.matches().getFirst().rule()).isEqualTo(Match.ATTRIBUTES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "client == 'gateway'",
        "actor == 'gateway'",
        "'refunds' in scopes",
        "!('admin' in scopes)",
        "now == timestamp('2026-01-01T12:00:00Z')",
        "now.getHours('Europe/Berlin') == 13",
        "subject.anchor == 'entra'",
        "subject.key.startsWith('entra|')",
        "caps.most == 100 && caps.team == 'a' && caps.open && 'x' in caps.names",
        "request.type == 'urn:smt:agent:refund'",
        "size(requests) == 1 && requests[0] == request",
        "request.operationDetails.creditorAccount.identification.matches('^R-884-')",
        "requests.all(r, r.operationDetails.instructedAmount.amount < 10)",
      })
  void rulesMayRead(String condition) {
    assertThat(
            policy(List.of(rule("reads", condition, "permit"))).decide(ask(refund("1"))).outcome())
        .isEqualTo(PERMIT);
  }

  @Test
  void aTypeMayBeCalledLikeAVariable() {
    TypeRegistry types =
        TypeRegistry.load(
            Refunds.write(
                folder,
                "types.yaml",
                """
                types:
                  - name: subject
                    sentence: X
                    schema:
                      type: object
                      properties:
                        a: { type: object, properties: { b: { const: x } } }
                        a/b: { type: object, properties: { c: { const: y } } }
                """));
    Path file =
        Refunds.write(
            folder,
            "policy.yaml",
            """
            rules:
              - { name: all, type: subject, when: "request.a.b == 'x'", then: permit }
            """);

    Decision decision =
        Policy.load(file, types).decide(ask("{\"type\":\"subject\",\"a\":{\"b\":\"x\"}}"));

    assertThat(decision.outcome()).isEqualTo(PERMIT);
  }

  @Test
  void aRuleWithoutATypeIsAskedAboutEveryElement() {
    Policy policy =
        load(
            """
            rules:
              - { name: many, when: "size(requests) > 1", then: step_up }
              - { name: all, when: "request.type.startsWith('urn:smt:')", then: permit }
            """);
    String list = caseRequest("\"action\":\"list_cases\"");

    assertThat(policy.decide(ask(refund("1"))).outcome()).isEqualTo(PERMIT);
    assertThat(policy.decide(ask(refund("1"), list)).outcome()).isEqualTo(STEP_UP);
    assertThat(policy.decide(ask(refund("1"), list)).matches()).hasSize(4);
  }

  @Test
  void theOrderOfRulesElementsAndAttributesMeansNothing() {
    var rules =
        new ArrayList<>(
            List.of(
                rule("a", AMOUNT + " <= subject.refund_limit", "permit"),
                rule("b", AMOUNT + " > subject.refund_limit", "step_up"),
                rule("c", AMOUNT + " > 900", "kill"),
                rule("d", AMOUNT + " / (" + AMOUNT + " - 7) > 100", "deny"),
                rule("e", "size(requests) > 2", "deny"),
                rule("f", AMOUNT + " == 3", "step_up"),
                rule("g", "'" + "x" + "' in subject.groups", "permit")));
    var random = new Random(20260101);
    List<Policy> shuffled = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      shuffled.add(policy(rules));
      Collections.shuffle(rules, random);
    }
    var seen = new HashSet<Outcome>();
    for (int i = 0; i < 200; i++) {
      List<String> elements = new ArrayList<>();
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        elements.add(refund(List.of("1", "3", "7", "500", "501", "901").get(random.nextInt(6))));
      }
      Map<String, String> attributes =
          random.nextInt(4) == 0
              ? Map.of("groups", "[]")
              : Map.of("refund_limit", "500", "groups", random.nextBoolean() ? "[\"x\"]" : "[]");
      Decision first = shuffled.getFirst().decide(ask(attributes, elements.toArray(String[]::new)));
      seen.add(first.outcome());
      for (Policy other : shuffled) {
        Decision same = other.decide(ask(attributes, elements.toArray(String[]::new)));
        assertThat(
                same.outcome() == first.outcome()
                    && same.reason().equals(first.reason())
                    && same.matches().equals(first.matches()))
            .isTrue();
      }
      Collections.reverse(elements);
      assertThat(
              shuffled
                  .getFirst()
                  .decide(ask(attributes, elements.toArray(String[]::new)))
                  .outcome())
          .isEqualTo(first.outcome());
    }
    assertThat(seen).isEqualTo(Set.of(Outcome.values()));
  }

  @Test
  void anElementMoreNeverMakesTheAnswerMilder() {
    Policy policy = Refunds.POLICY;
    List<String> elements =
        List.of(
            refund("1"),
            refund("5001"),
            refund("200001"),
            refund("1", "EUR", "R-000-0000"),
            caseRequest("\"action\":\"list_cases\""),
            caseRequest("\"action\":\"export_customers\""));
    for (String one : elements) {
      Outcome alone = policy.decide(ask(one)).outcome();
      for (String other : elements) {
        assertThat(policy.decide(ask(one, other)).outcome()).isGreaterThanOrEqualTo(alone);
        assertThat(policy.decide(ask(other, one)).outcome()).isGreaterThanOrEqualTo(alone);
      }
    }
  }

  private static String rule(String name, String when, String then) {
    return """
      - name: %s
        type: urn:smt:agent:refund
        when: "%s"
        then: %s
    """
        .formatted(name, when, then);
  }

  private Policy policy(List<String> rules) {
    return load(
        """
        attributes:
          refund_limit: { type: int, minimum: 0, maximum: 1000 }
          team: { type: string }
          vip: { type: bool }
          groups: { type: strings }
        caps: { most: 100, team: a, open: true, names: [x, y] }
        rules:
        """
            + String.join("", rules));
  }

  private Policy load(String yaml) {
    return Policy.load(Refunds.write(folder, "policy.yaml", yaml), Refunds.TYPES);
  }
}
