package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.config.ConfigException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// A policy that does not say what its author meant does not load.
class PolicyLoadTest {
  private static final String POLICY =
      """
      attributes:
        refund_limit: { type: int, minimum: 0 }
        team: { type: string }
      caps:
        hard_cap: 200000
      rules:
        - name: within-limit
          type: urn:smt:agent:refund
          when: request.operationDetails.instructedAmount.amount <= subject.refund_limit
          then: permit
          reason: within the limit
        - name: above-cap
          type: urn:smt:agent:refund
          when: |
            true &&
            request.operationDetails.instructedAmount.amount > caps.hard_cap
          then: kill
      """;
  private static final String WHEN =
      "request.operationDetails.instructedAmount.amount <= subject.refund_limit";

  static final List<Row> BROKEN =
      List.of(
          new Row(
              "misspelt top key",
              "rules:",
              "rule:",
              "policy.yaml:7: rule: unknown key; did you mean `rules`?"),
          new Row(
              "misspelt key of a rule",
              "    reason:",
              "    raeson:",
              "policy.yaml:11: rules[0].raeson: unknown key; did you mean `reason`?"),
          new Row(
              "misspelt key of an attribute",
              "minimum: 0",
              "minimun: 0",
              "policy.yaml:2: attributes.refund_limit.minimun: unknown key; did you mean `minimum`?"),
          new Row(
              "misspelt answer",
              "then: permit",
              "then: permitt",
              "policy.yaml:10: rules[0].then: must be one of permit, step_up, deny, kill; did you mean `permit`?"),
          new Row(
              "answer in another case",
              "then: kill",
              "then: KILL",
              "rules[1].then: must be one of"),
          new Row(
              "approvers that are nobody",
              "then: kill",
              "then: step_up\n    step_up: { by: {} }",
              "rules[1].step_up.by: name at least one of people, groups and roles"),
          new Row(
              "an approver of no trust anchor",
              "then: kill",
              "then: step_up\n    step_up: { by: { groups: [refund-leads] } }",
              "rules[1].step_up.by.groups: each begins with its trust anchor"),
          new Row(
              "an approver whose name hides something",
              "then: kill",
              "then: step_up\n    step_up: { by: { people: [\"okta|a\\u202Eb\"] } }",
              "rules[1].step_up.by.people: each begins with its trust anchor"),
          new Row(
              "an empty list of approvers",
              "then: kill",
              "then: step_up\n    step_up: { by: { roles: [] } }",
              "rules[1].step_up.by.roles: name at least one"),
          new Row(
              "a misspelt kind of approvers",
              "then: kill",
              "then: step_up\n    step_up: { by: { group: [\"okta|leads\"] } }",
              "rules[1].step_up.by.group: unknown key; did you mean `groups`?"),
          new Row(
              "misspelt member",
              "instructedAmount.amount <=",
              "instructedAmount.amout <=",
              "policy.yaml:9:53: rules[0].when: no member `amout`; did you mean `amount`?"),
          new Row(
              "misspelt member on the way",
              "operationDetails.instructedAmount.amount <=",
              "operationsDetails.instructedAmount.amount <=",
              "policy.yaml:9:19: rules[0].when: no member `operationsDetails`; did you mean `operationDetails`?"),
          new Row(
              "misspelt attribute",
              "subject.refund_limit",
              "subject.refund_limits",
              "no member `refund_limits`; did you mean `refund_limit`?"),
          new Row(
              "misspelt cap",
              "caps.hard_cap",
              "caps.hardcap",
              "policy.yaml:16:63: rules[1].when: no member `hardcap`; did you mean `hard_cap`?"),
          new Row(
              "misspelt variable",
              "subject.refund_limit",
              "subjct.refund_limit",
              "unknown name `subjct`; did you mean `subject`?"),
          new Row(
              "misspelt function",
              WHEN,
              "sise(requests) > 1",
              "unknown name `sise`; did you mean `size`?"),
          new Row(
              "number against text",
              "<= subject.refund_limit",
              "<= subject.team",
              "no matching overload for '_<=_' applied to '(int, string)'"),
          new Row(
              "number against fraction",
              "<= subject.refund_limit",
              "<= 5000.0",
              "write 5000 and not 5000.0"),
          new Row(
              "number against literal text",
              "<= subject.refund_limit",
              "<= '5000'",
              "no matching overload"),
          new Row(
              "not a condition",
              WHEN,
              "request.operationDetails.instructedAmount.amount",
              "must come to true or false, not to int"),
          new Row("not an expression", WHEN, "request. <= 1", "policy.yaml:9:"),
          new Row(
              "the check switched off", WHEN, "dyn(request).anything == 1", "unknown name `dyn`"),
          new Row("members by text", WHEN, "request['type'] == 'x'", "no matching overload"),
          new Row("a pattern that is none", WHEN, "request.type.matches('(')", "policy.yaml:9:"),
          new Row("a time that is none", WHEN, "now < timestamp('yesterday')", "policy.yaml:9:"),
          new Row(
              "member of another type",
              WHEN,
              "request.operationDetails.caseId == 'x'",
              "no member `caseId`"),
          new Row(
              "unknown type",
              "type: urn:smt:agent:refund\n    when: request",
              "type: urn:smt:agent:refunds\n    when: request",
              "rules[0].type: no such type is registered; did you mean `urn:smt:agent:refund`?"),
          new Row(
              "members without a type",
              "type: urn:smt:agent:refund\n    when: request",
              "when: request",
              "no member `operationDetails`"),
          new Row(
              "two rules of one name",
              "above-cap",
              "within-limit",
              "there is already a rule of this name"),
          new Row(
              "name with blanks",
              "above-cap",
              "above the cap",
              "a rule is named with a-z, 0-9 and -"),
          new Row("no name", "name: within-limit\n    type", "type", "rules[0].name: missing"),
          new Row("no condition", "    when: " + WHEN + "\n", "", "rules[0].when: missing"),
          new Row("no answer", "    then: permit\n", "", "rules[0].then: missing"),
          new Row(
              "reason with a hidden character",
              "within the limit",
              "\"within\\u202Ethe limit\"",
              "must be one line of at most 200 visible characters"),
          new Row(
              "endless reason",
              "within the limit",
              "x".repeat(201),
              "must be one line of at most 200 visible characters"),
          new Row(
              "kind of attribute",
              "type: int,",
              "type: integer,",
              "must be one of int, string, bool, strings"),
          new Row(
              "range of a text",
              "type: string",
              "type: string, minimum: 1",
              "only an int has `minimum` and `maximum`"),
          new Row(
              "range upside down",
              "minimum: 0",
              "minimum: 2, maximum: 1",
              "must not be above `maximum`"),
          new Row("reserved attribute", "team:", "anchor:", "the attribute needs another name"),
          new Row("attribute with a dash", "team:", "my-team:", "the attribute needs another name"),
          new Row("cap with a fraction", "200000", "200000.0", "must be a whole number, a text"),
          new Row("cap that is nothing", "200000", "", "caps"),
          new Row("cap with parts", "200000", "{ usd: 200000 }", "must be a whole number, a text"),
          new Row(
              "no rules",
              POLICY.substring(POLICY.indexOf("rules:")),
              "rules: []\n",
              "without a rule everything is denied"),
          new Row(
              "a key twice",
              "    then: permit\n",
              "    then: permit\n    then: deny\n",
              "then: occurs twice"));

  @TempDir private Path folder;

  @ParameterizedTest(name = "{0}")
  @FieldSource("BROKEN")
  void refuses(Row row) {
    assertThat(POLICY).contains(row.part());

    assertThatThrownBy(() -> load(POLICY.replace(row.part(), row.instead())))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("policy.yaml")
        .hasMessageContaining(row.says());
  }

  @Test
  void tellsEveryProblemAtOnce() {
    String broken =
        POLICY
            .replace("amount <=", "amout <=")
            .replace("caps.hard_cap", "caps.hardcap")
            .replace("minimum", "minimun");

    assertThatThrownBy(() -> load(broken))
        .isInstanceOfSatisfying(
            ConfigException.class, found -> assertThat(found.problems()).hasSize(3));
  }

  @Test
  void versionDependsOnMeaningAndNotOnSpelling() {
    String version = load(POLICY).version();

    assertThat(version).matches("[A-Za-z0-9_-]{43}");
    assertThat(
            load("# a comment\n\n" + POLICY.replace("{ type: string }", "{type: \"string\"}"))
                .version())
        .isEqualTo(version);
    assertThat(load(POLICY.replace("200000", "200001")).version()).isNotEqualTo(version);
    assertThat(load(POLICY.replace("then: permit", "then: deny")).version()).isNotEqualTo(version);
    assertThat(load(POLICY.replace("minimum: 0", "minimum: 1")).version()).isNotEqualTo(version);
    assertThat(load(POLICY.replace("within the limit", "fine")).version()).isNotEqualTo(version);
  }

  @Test
  void versionDependsOnTheTypesToo() {
    TypeRegistry others =
        TypeRegistry.load(
            Refunds.write(
                folder,
                "types.yaml",
                """
                types:
                  - name: urn:example:x
                    sentence: X
                    schema: { type: object, properties: {} }
                """));
    Path all =
        Refunds.write(folder, "all.yaml", "rules:\n  - { name: a, when: 'true', then: deny }\n");

    assertThat(Policy.load(all, others).version())
        .isNotEqualTo(Policy.load(all, Refunds.TYPES).version());
  }

  @Test
  void theExampleLoads() {
    assertThat(Refunds.POLICY.version()).isNotEmpty();
  }

  private Policy load(String yaml) {
    return Policy.load(Refunds.write(folder, "policy.yaml", yaml), Refunds.TYPES);
  }

  record Row(String name, String part, String instead, String says) {
    @Override
    public String toString() {
      return name;
    }
  }
}
