package dev.countersign.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which signed requests a role lets through: the edges of every kind of constraint.
class MatchingTest {
  private static final String AMOUNT = "operationDetails.instructedAmount.amount";
  private static final String CURRENCY = "operationDetails.instructedAmount.currency";
  private static final String CASE = "operationDetails.creditorAccount.identification";
  private static final String PATH = "verify-rar/creds/refunds";

  private static final Constraints REFUND =
      new Constraints(
          List.of(
              Constraint.of(AMOUNT, range(1, 50_000)),
              Constraint.of(
                  CURRENCY, new Constraint.Test.In(List.of(json("\"USD\""), json("\"EUR\"")))),
              Constraint.of(CASE, Constraint.Test.Matching.of("R-[0-9]{3}-[0-9]{4}"))),
          Optional.empty(),
          true);

  /// One request against the role `refunds`.
  record Row(String name, String details, boolean isMatched) {
    @Override
    public String toString() {
      return name;
    }
  }

  static final List<Row> FIELDS =
      List.of(
          new Row("the lowest amount", refund("1", "USD", "R-884-2233", ""), true),
          new Row("one below the lowest", refund("0", "USD", "R-884-2233", ""), false),
          new Row("F09 a negative amount", refund("-1", "USD", "R-884-2233", ""), false),
          new Row("the highest amount", refund("50000", "EUR", "R-884-2233", ""), true),
          new Row("one above the highest", refund("50001", "USD", "R-884-2233", ""), false),
          new Row(
              "D05 an amount with a fraction", refund("8000.0", "USD", "R-884-2233", ""), false),
          new Row("D05 an amount with an exponent", refund("8e3", "USD", "R-884-2233", ""), false),
          new Row("D06 an amount as text", refund("\"8000\"", "USD", "R-884-2233", ""), false),
          new Row("D06 an amount in a list", refund("[8000]", "USD", "R-884-2233", ""), false),
          new Row("D06 no amount", refund("null", "USD", "R-884-2233", ""), false),
          new Row(
              "D07 a huge amount", refund("1" + "0".repeat(40), "USD", "R-884-2233", ""), false),
          new Row("D08 another currency", refund("8000", "GBP", "R-884-2233", ""), false),
          new Row(
              "D08 a currency in small letters", refund("8000", "usd", "R-884-2233", ""), false),
          new Row("H03 text after the pattern", refund("8000", "USD", "R-884-2233x", ""), false),
          new Row("H03 text before the pattern", refund("8000", "USD", "xR-884-2233", ""), false),
          new Row(
              "H03 a line after the pattern", refund("8000", "USD", "R-884-2233\\n", ""), false),
          new Row("D09 digits of another script", refund("8000", "USD", "R-٨٨٤-2233", ""), false),
          new Row(
              "D03 an unknown member inside",
              refund("8000", "USD", "R-884-2233", ",\"currency2\":\"EUR\""),
              false),
          new Row(
              "D13 a member that nobody reads",
              refund("8000", "USD", "R-884-2233", ",\"x\":1"),
              false),
          new Row(
              "D10 a member called __proto__",
              refund("8000", "USD", "R-884-2233", ",\"__proto__\":{}"),
              false));

  @ParameterizedTest(name = "{0}")
  @FieldSource("FIELDS")
  void D_holdsEveryFieldAgainstItsConstraint(Row row) {
    assertThat(isMatched(row.details(), REFUND, Optional.empty())).isEqualTo(row.isMatched());
  }

  static final List<Row> CONDITIONS =
      List.of(
          new Row("true", "request.operationDetails.instructedAmount.amount == 8000", true),
          new Row("false", "request.operationDetails.instructedAmount.amount == 8001", false),
          new Row("D20 a missing member", "request.operationDetails.nothing == 1", false),
          new Row("D20 a text compared with a number", "request.type == 1", false),
          new Row("D20 no truth value", "request.operationDetails.action", false),
          new Row("a macro", "has(request.operationDetails.creditorAccount)", true));

  @ParameterizedTest(name = "{0}")
  @FieldSource("CONDITIONS")
  void D20_takesAConditionThatCannotBeDecidedForNo(Row row) {
    Optional<CelCondition> condition = compiled(row.details());

    assertThat(
            condition
                .map(holds ->
                    isMatched(
                        refund("8000", "USD", "R-884-2233", ""),
                        new Constraints(List.of(), Optional.of(holds), false),
                        Optional.empty()))
                .orElse(false))
        .isEqualTo(row.isMatched());
  }

  private static Optional<CelCondition> compiled(String expression) {
    try {
      return Optional.of(CelCondition.of(expression));
    } catch (IllegalArgumentException refusedAtOnce) {
      return Optional.empty();
    }
  }

  @Test
  void D07_decidesNoConditionOverANumberThatIsTooLong() {
    var condition = CelCondition.of("request.operationDetails.instructedAmount.amount > 0");

    assertThat(
            isMatched(
                refund("9223372036854775808", "USD", "R-884-2233", ""),
                new Constraints(List.of(), Optional.of(condition), false),
                Optional.empty()))
        .isFalse();
  }

  @Test
  void L07_matchesAnEvilPatternInNoTimeToSpeakOf() {
    var evil =
        new Constraints(
            List.of(Constraint.of(CASE, Constraint.Test.Matching.of("(a+)+"))),
            Optional.empty(),
            false);

    assertThat(isMatched(refund("1", "USD", "a".repeat(20_000) + "!", ""), evil, Optional.empty()))
        .isFalse();
  }

  @Test
  void holdsEveryItemOfAListAgainstTheConstraint() {
    var each =
        new Constraints(
            List.of(
                Constraint.of(
                    "locations.*", Constraint.Test.Matching.of("https://good\\.example/.*"))),
            Optional.empty(),
            false);
    String details = "[{\"type\":\"t\",\"operationDetails\":{\"action\":\"a\"},\"locations\":%s}]";

    assertThat(matches(details.formatted("[\"https://good.example/1\"]"), each)).isTrue();
    assertThat(
            matches(
                details.formatted("[\"https://good.example/1\",\"https://evil.example/\"]"), each))
        .isFalse();
    assertThat(matches(details.formatted("[]"), each)).isFalse();
  }

  private static boolean matches(String details, Constraints constraints) {
    var role = role(List.of(mapping("t|a", "g", constraints)));
    return match(role, Optional.empty(), details) instanceof RoleMatch.Matched;
  }

  @Test
  void D11_refusesSeveralElementsIfOneOfThemIsNotMapped() {
    String good = refund("1", "USD", "R-884-2233", "");
    String huge = refund("50001", "USD", "R-884-2233", "");

    assertThat(isMatched(several(good, good), REFUND, Optional.empty())).isTrue();
    assertThat(isMatched(several(good, huge), REFUND, Optional.empty())).isFalse();
    assertThat(isMatched(several(huge, good), REFUND, Optional.empty())).isFalse();
  }

  @Test
  void unitesTheGroupsOfSeveralElementsAndTakesTheShortestLife() {
    var refunds = mapping("urn:smt:agent:refund|process_refund", "write", Constraints.NONE);
    var cases =
        RoleMapping.of(
            "t|a",
            List.of(new SqlName("read")),
            Constraints.NONE,
            Optional.of(Duration.ofSeconds(30)));
    String details =
        several(
            refund("1", "USD", "R-884-2233", ""),
            "[{\"type\":\"t\",\"operationDetails\":{\"action\":\"a\"}}]");

    var match = (RoleMatch.Matched) match(role(List.of(refunds, cases)), Optional.empty(), details);

    assertThat(match.grant().groups()).extracting(SqlName::text).containsExactly("write", "read");
    assertThat(match.grant().requests()).hasSize(2);
    assertThat(match.timeToLive()).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void D19_aMappingOpensForNoOtherVersionOfItsType() {
    String details = "[{\"type\":\"t\",\"operationDetails\":{\"action\":\"a\"}}]";
    var first = role(List.of(mapping("t|a", "g", Constraints.NONE)));
    var second = role(List.of(mapping(Set.of(2))));
    var both = role(List.of(mapping(Set.of(1, 2))));

    for (int version = 1; version <= 3; version++) {
      var token = TypeVersions.of(StrictJson.parse("{\"t\":" + version + "}"));
      assertThat(match(first, Optional.empty(), details, token) instanceof RoleMatch.Matched)
          .isEqualTo(version == 1);
      assertThat(match(second, Optional.empty(), details, token) instanceof RoleMatch.Matched)
          .isEqualTo(version == 2);
      assertThat(match(both, Optional.empty(), details, token) instanceof RoleMatch.Matched)
          .isEqualTo(version < 3);
    }
    assertThat(match(second, Optional.empty(), details))
        .as("a token that names none is of version 1")
        .isInstanceOf(RoleMatch.NoMatch.class);
    assertThatThrownBy(() -> mapping(Set.of())).hasMessageContaining("versions");
    assertThatThrownBy(() -> mapping(Set.of(0))).hasMessageContaining("versions");
    for (String nonsense :
        List.of("[]", "2", "null", "{\"t\":\"2\"}", "{\"t\":0}", "{\"t\":1.5}")) {
      assertThatThrownBy(() -> TypeVersions.of(StrictJson.parse(nonsense)))
          .hasMessageContaining(TypeVersions.CLAIM);
    }
  }

  private static RoleMapping mapping(Set<Integer> versions) {
    return RoleMapping.of(
        "t|a", List.of(new SqlName("g")), Constraints.NONE, Optional.empty(), versions);
  }

  @Test
  void givesAnAgentNoMoreThanItsCeiling() {
    var ceiling =
        new BrokerConfig.Agent(
            List.of(
                Ceiling.of(
                    "urn:smt:agent:refund|process_refund",
                    new Constraints(
                        List.of(Constraint.of(AMOUNT, range(0, 100))), Optional.empty(), false))));

    assertThat(isMatched(refund("100", "USD", "R-884-2233", ""), REFUND, Optional.of(ceiling)))
        .isTrue();
    assertThat(isMatched(refund("101", "USD", "R-884-2233", ""), REFUND, Optional.of(ceiling)))
        .isFalse();
    assertThat(
            isMatched(
                refund("100", "USD", "R-884-2233", ""),
                REFUND,
                Optional.of(new BrokerConfig.Agent(List.of()))))
        .isFalse();
  }

  /// Elements of type `vault:path_access` for the request `update verify-rar/creds/refunds`.
  static final List<Row> PATHS =
      List.of(
          new Row(
              "the current shape",
              path("\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"]"),
              true),
          new Row(
              "the first shape",
              path("\"path_constraint\":\"verify-rar/creds/refunds\",\"action\":\"update\""),
              true),
          new Row(
              "both shapes in one",
              path(
                  "\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"],"
                      + "\"path_constraint\":\"verify-rar/creds/refunds\",\"action\":\"update\""),
              true),
          new Row(
              "both shapes that disagree",
              path(
                  "\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"],"
                      + "\"path_constraint\":\"verify-rar/creds/other\",\"action\":\"update\""),
              false),
          new Row(
              "a glob at the end",
              path("\"path\":\"verify-rar/creds/*\",\"capabilities\":[\"update\"]"),
              true),
          new Row(
              "a glob in the middle",
              path("\"path\":\"verify-rar/*/refunds\",\"capabilities\":[\"update\"]"),
              false),
          new Row(
              "another path",
              path("\"path\":\"verify-rar/creds/other\",\"capabilities\":[\"update\"]"),
              false),
          new Row(
              "H02 another spelling",
              path("\"path\":\"verify-rar/creds/Refunds\",\"capabilities\":[\"update\"]"),
              false),
          new Row(
              "another operation",
              path("\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"read\"]"),
              false),
          new Row(
              "another action",
              path("\"path_constraint\":\"verify-rar/creds/refunds\",\"action\":\"read\""),
              false),
          new Row(
              "a denial",
              path("\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\",\"deny\"]"),
              false),
          new Row("no path", path("\"path\":1,\"capabilities\":[\"update\"]"), false),
          new Row("no capabilities", path("\"path\":\"verify-rar/creds/refunds\""), false),
          new Row("nothing", path("\"action\":\"update\""), false),
          new Row(
              "H03 a member that is not known",
              path("\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"],\"x\":1"),
              false),
          new Row(
              "a parameter that must be there",
              path(
                  "\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"],"
                      + "\"required_parameters\":[\"claims\"]"),
              false),
          new Row(
              "empty lists of parameters",
              path(
                  "\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"],"
                      + "\"allowed_parameters\":{},\"denied_parameters\":{},\"required_parameters\":[]"),
              true));

  @ParameterizedTest(name = "{0}")
  @FieldSource("PATHS")
  void H02_letsAPathElementOnlyNarrow(Row row) {
    String details = several(refund("1", "USD", "R-884-2233", ""), row.details());

    assertThat(isMatched(details, REFUND, Optional.empty())).isEqualTo(row.isMatched());
  }

  @Test
  void aDeniedPathStaysDeniedWhateverAnotherElementAllows() {
    String allow = path("\"path\":\"verify-rar/creds/*\",\"capabilities\":[\"update\"]");
    String deny = path("\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"deny\"]");

    assertThat(
            isMatched(
                several(several(refund("1", "USD", "R-884-2233", ""), allow), deny),
                REFUND,
                Optional.empty()))
        .isFalse();
  }

  @Test
  void D14_mintsNothingForAPathElementAlone() {
    assertThat(
            isMatched(
                path("\"path\":\"verify-rar/creds/refunds\",\"capabilities\":[\"update\"]"),
                REFUND,
                Optional.empty()))
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"(", "a{1001}", "(?=a)", "\\1", "[z-a]"})
  void refusesAPatternThatTheLinearEngineDoesNotKnow(String pattern) {
    assertThatThrownBy(() -> Constraint.Test.Matching.of(pattern))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("`pattern`");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "request.", "requst.type == 'a'", "1 + 1", "request.type = 'a'"})
  void refusesAConditionThatDoesNotCompile(String expression) {
    assertThatThrownBy(() -> CelCondition.of(expression))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("`condition`");
  }

  @Test
  void L07_aPatternIsTheMappingsOwnAndNeverTheRequests() {
    assertThatThrownBy(() -> CelCondition.of("'abc'.matches(request.operationDetails.pattern)"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must write the pattern of `matches` itself");
    assertThat(CelCondition.of("request.operationDetails.action.matches('^read')")).isNotNull();
  }

  @Test
  void refusesConstraintsThatSayNothingOrContradictThemselves() {
    assertThatThrownBy(() -> new Constraint.Test.Range(Optional.empty(), Optional.empty()))
        .hasMessageContaining("`min`");
    assertThatThrownBy(() -> range(2, 1)).hasMessageContaining("`min` must not be above");
    assertThatThrownBy(() -> new Constraint.Test.In(List.of())).hasMessageContaining("`in`");
    assertThatThrownBy(() -> new Constraint.Test.Equal(json("1.5")))
        .hasMessageContaining("integers");
    assertThatThrownBy(() -> Constraint.of("a..b", range(1, 2))).hasMessageContaining("path");
  }

  private static boolean isMatched(
      String details, Constraints constraints, Optional<BrokerConfig.Agent> agent) {
    var role = role(List.of(mapping("urn:smt:agent:refund|process_refund", "g", constraints)));
    return match(role, agent, details) instanceof RoleMatch.Matched;
  }

  private static RoleMatch match(
      BrokerConfig.Role role, Optional<BrokerConfig.Agent> agent, String details) {
    return match(role, agent, details, TypeVersions.FIRST_OF_ALL);
  }

  private static RoleMatch match(
      BrokerConfig.Role role,
      Optional<BrokerConfig.Agent> agent,
      String details,
      TypeVersions versions) {
    return RoleMatch.of(
        role, agent, AuthorizationDetails.parse(details), versions, PATH, "update", Set.of());
  }

  private static BrokerConfig.Role role(List<RoleMapping> mappings) {
    return new BrokerConfig.Role(
        "refunds", "refunds", "http://gateway", Set.of("gateway"), Duration.ofMinutes(5), mappings);
  }

  private static RoleMapping mapping(String key, String group, Constraints constraints) {
    return RoleMapping.of(key, List.of(new SqlName(group)), constraints, Optional.empty());
  }

  private static Constraint.Test range(long least, long most) {
    return new Constraint.Test.Range(
        Optional.of(BigInteger.valueOf(least)), Optional.of(BigInteger.valueOf(most)));
  }

  private static tools.jackson.databind.JsonNode json(String text) {
    return StrictJson.parse(text);
  }

  private static String refund(String amount, String currency, String caseId, String more) {
    return ("[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund\","
            + "\"instructedAmount\":{\"currency\":\"%s\",\"amount\":%s},"
            + "\"creditorAccount\":{\"identification\":\"%s\"}%s}}]")
        .formatted(currency, amount, caseId, more);
  }

  private static String path(String members) {
    return "[{\"type\":\"vault:path_access\"," + members + "}]";
  }

  private static String several(String first, String second) {
    return first.substring(0, first.length() - 1) + "," + second.substring(1);
  }
}
