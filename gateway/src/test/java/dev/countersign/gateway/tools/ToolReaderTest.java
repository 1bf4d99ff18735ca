package dev.countersign.gateway.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.config.ConfigException;
import dev.countersign.config.Problems;
import dev.countersign.gateway.box.ToolsFile;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class ToolReaderTest {
  private static final String GOOD =
      """
      tools:
        find_case:
          description: Reads one case.
          inputSchema:
            type: object
            additionalProperties: false
            required: [case_id]
            properties:
              case_id: {type: string}
              amount: {type: integer, default: 5}
          scope: case:read
          rar: [{type: t, operationDetails: {action: find, caseId: =args.case_id}}]
          role: refunds
          database: refunds
          statement: SELECT 1 AS one WHERE :case_id = 'x'
          result: {kind: row, missing: none}
      """;

  /// What is changed in the good file, and what the operator reads.
  static final Row[] TABLE = {
    new Row("=args.case_id", "=args.case", 12, "tools.find_case.rar", "undefined field 'case'"),
    new Row(
        "=args.case_id", "=args.case_id + 1", 12, "tools.find_case.rar", "no matching overload"),
    new Row("=args.case_id", "\"=args.(\"", 12, "tools.find_case.rar", "column"),
    new Row("[{type: t,", "[{", 12, "tools.find_case.rar", "needs a `type`"),
    new Row("type: t,", "type: =args.case_id,", 12, "tools.find_case.rar", "needs a `type`"),
    new Row(":case_id =", ":casse_id =", 15, "tools.find_case.statement", "`:casse_id`"),
    new Row("'x'", "'x'; DELETE FROM cases", 15, "tools.find_case.statement", "more than one"),
    new Row("database: refunds", "database: refund", 14, "tools.find_case.database", "refunds"),
    new Row("additionalProperties: false", "title: x", 5, "inputSchema", "additionalProperties"),
    new Row("type: object", "type: array", 5, "inputSchema", "type: object"),
    new Row("{type: string}", "{type: strong}", 5, "inputSchema", "JSON Schema 2020-12"),
    new Row("{type: string}", "{type: object}", 5, "inputSchema", "at `properties.case_id`"),
    new Row("{type: string}", "{$ref: 'https://x.example/s'}", 5, "inputSchema", "`$ref`"),
    new Row("{type: string}", "{type: string, x-mcp-header: Case}", 5, "inputSchema", "x-mcp"),
    new Row("default: 5", "default: five", 5, "inputSchema", "the default of `amount`"),
    new Row("kind: row", "kind: rwo", 16, "tools.find_case.result.kind", "must be"),
    new Row("role: refunds", "roel: refunds", 13, "tools.find_case.roel", "did you mean `role`"),
    new Row("  find_case:", "  find case:", 2, "tools", "[A-Za-z0-9_.-]"),
    new Row("scope: case:read", "limits: {timeout: 9m}", 11, "limits", "timeout"),
    new Row(
        "scope:",
        "versions: {t: []}\n    scope:",
        11,
        "tools.find_case.versions.t",
        "whole numbers"),
    new Row(
        "scope:",
        "versions: {t: 2}\n    scope:",
        11,
        "tools.find_case.versions.t",
        "whole numbers"),
    new Row("scope:", "versions: {t: [0]}\n    scope:", 11, "tools.find_case.versions.t", "from 1"),
    new Row("scope:", "versions: {t: [99999999999999999999]}\n    scope:", 11, "t", "from 1"),
    new Row("scope:", "versions: {u: [2]}\n    scope:", 11, "versions.u", "no type of this tool"),
    new Row("scope:", "versions: [2]\n    scope:", 11, "tools.find_case.versions", "a section"),
    new Row("scope:", "annotations: {readonlyHint: true}\n    scope:", 11, "annotations", "MCP"),
  };

  record Row(String from, String to, int line, String key, String message) {
    @Override
    public String toString() {
      return from + " -> " + to;
    }
  }

  private static final String ELEVATION =
      """
          elevation:
            probe:
              rar: [{type: t, operationDetails: {action: classify, caseId: =args.case_id}}]
              statement: SELECT 'open' AS class WHERE :case_id = 'x'
            when: {column: class, in: [secret]}
            rar: [{type: t, operationDetails: {action: find_secret, caseId: =args.case_id}}]
      """;

  /// What is changed in the good elevation, and what the operator reads.
  static final Row[] ELEVATIONS = {
    new Row("in: [secret]", "in: []", 0, "elevation.when.in", "all of one kind"),
    new Row("in: [secret]", "in: [secret, 7]", 0, "elevation.when.in", "all of one kind"),
    new Row("in: [secret]", "equals: {a: 1}", 0, "elevation.when.equals", "all of one kind"),
    new Row("in: [secret]", "in: [a], equals: b", 0, "elevation.when.equals", "exactly one"),
    new Row(", in: [secret]", "", 0, "elevation.when.equals", "exactly one"),
    new Row("column: class", "column: 'a b'", 0, "elevation.when.column", "a column"),
    new Row("column: class", "colum: class", 0, "elevation.when.colum", "did you mean `column`"),
    new Row(":case_id = 'x'", ":cas = 'x'", 0, "elevation.probe.statement", "`:cas`"),
    new Row("action: find_secret", "action: find", 0, "elevation.rar", "another thing"),
    new Row("action: find_secret", "action: classify", 0, "elevation.rar", "another thing"),
    new Row("=args.case_id}}]\n", "=args.case}}]\n", 0, "elevation.probe.rar", "undefined field"),
    new Row("    probe:", "    prob:", 0, "elevation.prob", "did you mean `probe`"),
  };

  @TempDir Path folder;

  @Test
  void readsAProbeAndWhatACallAsksForWhereItIsMet() throws IOException {
    var problems = new Problems();

    Tools tools = read(GOOD + ELEVATION, problems);

    problems.throwIfAny();
    assertThat(tools.hasProbe()).isTrue();
    Elevation elevation = tools.all().getFirst().elevation().orElseThrow();
    assertThat(elevation.probe().grant().scope()).isEqualTo("case:read");
    assertThat(elevation.when().isMet(StrictJson.object().put("class", "secret"))).isTrue();
    assertThat(elevation.when().isMet(StrictJson.object().put("class", "open"))).isFalse();
    assertThat(elevation.when().isMet(StrictJson.object().put("class", 7))).isTrue();
    assertThat(elevation.when().isMet(StrictJson.object().putNull("class"))).isTrue();
    assertThat(elevation.when().isMet(StrictJson.object())).isTrue();
  }

  @ParameterizedTest
  @FieldSource("ELEVATIONS")
  void refusesAnElevationThatIsNotWhole(Row row) throws IOException {
    var problems = new Problems();
    assertThat(ELEVATION).contains(row.from());

    read(GOOD + ELEVATION.replaceFirst(Pattern.quote(row.from()), row.to()), problems);

    assertThatThrownBy(problems::throwIfAny)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("tools.find_case." + row.key())
        .hasMessageContaining(row.message());
  }

  private Tools read(String text, Problems problems) throws IOException {
    Path file = folder.resolve("tools.yaml");
    Files.writeString(file, text);
    return ToolsFile.read(file, Set.of("refunds"), problems);
  }

  @Test
  void readsAGoodFile() throws IOException {
    var problems = new Problems();
    Tool tool = read(GOOD, problems).find("find_case").orElseThrow();

    assertThat(problems.isEmpty()).isTrue();
    assertThat(((Work.Sql) tool.work()).statement().sql())
        .isEqualTo("SELECT 1 AS one WHERE ? = 'x'");
    assertThat(((Work.Sql) tool.work()).statement().readOnly()).isTrue();
    assertThat(tool.check(StrictJson.parseObject("{\"case_id\":\"R-1\"}")))
        .isInstanceOfSatisfying(
            ArgumentCheck.Valid.class,
            valid ->
                assertThat(StrictJson.canonical(valid.arguments()))
                    .isEqualTo("{\"amount\":5,\"case_id\":\"R-1\"}"));
  }

  @Test
  void D19_aToolIsWrittenForVersionOneOfItsTypesUnlessItSaysMore() throws IOException {
    var details =
        AuthorizationDetails.of(StrictJson.parse("[{\"type\":\"t\"},{\"type\":\"other\"}]"));
    var second = new TypeVersions(new TreeMap<>(Map.of("t", 2)));
    KnownVersions silent = read(GOOD, new Problems()).find("find_case").orElseThrow().versions();
    KnownVersions both =
        read(GOOD.replace("scope:", "versions: {t: [2, 3]}\n    scope:"), new Problems())
            .find("find_case")
            .orElseThrow()
            .versions();

    assertThat(silent.cover(details, TypeVersions.FIRST_OF_ALL)).isTrue();
    assertThat(silent.cover(details, second)).isFalse();
    assertThat(both.cover(details, second)).isTrue();
    assertThat(both.cover(details, TypeVersions.FIRST_OF_ALL)).isFalse();
    assertThat(both.cover(details, new TypeVersions(new TreeMap<>(Map.of("t", 2, "other", 2)))))
        .isFalse();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("TABLE")
  void tellsFileLineAndKeyOfEachProblem(Row row) throws IOException {
    assertThat(GOOD).contains(row.from);
    var problems = new Problems();
    read(GOOD.replace(row.from, row.to), problems);

    assertThatThrownBy(problems::throwIfAny)
        .isInstanceOfSatisfying(
            ConfigException.class,
            broken ->
                assertThat(broken.problems())
                    .anySatisfy(problem ->
                        assertThat(problem)
                            .contains("tools.yaml:" + row.line + ": ")
                            .contains(row.key)
                            .contains(row.message)));
  }

  @Test
  void RA_20_D17_keepsHostileTextAsTheTextItIs() throws IOException {
    Tool tool = read(GOOD, new Problems()).find("find_case").orElseThrow();
    for (String text :
        List.of("'; DROP ROLE x--", "=1+1", "${HOME}", "{{x}}", "\"},{\"type\":\"u", "<b>")) {
      var arguments = StrictJson.object().put("case_id", text);
      var details = tool.details(arguments);

      assertThat(details.elements()).hasSize(1);
      assertThat(
              details
                  .elements()
                  .getFirst()
                  .json()
                  .path("operationDetails")
                  .path("caseId")
                  .stringValue())
          .isEqualTo(text);
    }
  }

  @Test
  void buildsTheDetailsOfTheRefundsExample() throws IOException {
    var problems = new Problems();
    Tools tools =
        ToolsFile.read(Path.of("../examples/refunds/tools.yaml"), Set.of("refunds"), problems);
    problems.throwIfAny();
    Tool refund = tools.find("process_refund").orElseThrow();
    var sent = StrictJson.parseObject("{\"case_id\":\"R-884-2233\",\"amount_cents\":8000}");
    var arguments = ((ArgumentCheck.Valid) refund.check(sent)).arguments();

    assertThat(refund.details(arguments))
        .isEqualTo(
            AuthorizationDetails.parse(
                """
                [{"type":"urn:smt:agent:refund","operationDetails":{"action":"process_refund",
                  "instructedAmount":{"currency":"USD","amount":8000},
                  "creditorAccount":{"identification":"R-884-2233"}}}]
                """));
    assertThat(tools.all())
        .extracting(Tool::name)
        .containsExactly("find_case", "list_cases", "process_refund", "export_customers");
    assertThat(tools.scopes()).containsExactly("case:read", "refund:write");
  }
}
