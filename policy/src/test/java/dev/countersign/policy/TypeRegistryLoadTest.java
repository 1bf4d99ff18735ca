package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.config.ConfigException;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.WireException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Type definitions that would let something through are refused when they are read.
class TypeRegistryLoadTest {
  private static final String DEFINITION =
      """
      types:
        - name: urn:example:payment
          sentence: Pay {/amount:money(/currency)} to {/payee}
          schema:
            type: object
            required: [amount, currency, payee]
            properties:
              amount: { type: integer, minimum: 1, maximum: 100 }
              currency: { enum: [USD, EUR] }
              payee: { type: string, pattern: "^P[0-9]+$" }
              note: { type: string, maxLength: 20 }
              lines: { type: array, maxItems: 3, items: { type: integer, minimum: 0, maximum: 9 } }
      """;
  private static final String NOTE = "note: { type: string, maxLength: 20 }";
  private static final String AMOUNT = "{ type: integer, minimum: 1, maximum: 100 }";

  static final List<Row> BROKEN =
      List.of(
          new Row(
              "misspelt top key", "types:", "type:", "type: unknown key; did you mean `types`?"),
          new Row(
              "misspelt key of a type",
              "sentence:",
              "sentense:",
              "sentense: unknown key; did you mean `sentence`?"),
          new Row(
              "misspelt keyword",
              "required: [",
              "requierd: [",
              "types.yaml:6: types[0].schema.requierd: this keyword would not be checked here; did you mean `required`?"),
          new Row(
              "misspelt keyword inside",
              "maxLength",
              "maxlength",
              "types.yaml:11: types[0].schema.properties.note.maxlength: this keyword would not be checked here; did you mean `maxLength`?"),
          new Row(
              "keyword of another kind",
              NOTE,
              "note: { type: string, maximum: 20 }",
              "note.maximum: this keyword would not be checked"),
          new Row(
              "misspelt required",
              "currency, payee]",
              "curency, payee]",
              "no such member: `curency`; did you mean `currency`?"),
          new Row(
              "misspelt pointer",
              "{/payee}",
              "{/paye}",
              "types.yaml:3: types[0].sentence: no member at `/paye`; did you mean `/payee`?"),
          new Row(
              "sentence about a member that may be missing",
              "{/payee}",
              "{/note}",
              "`/note` may be missing"),
          new Row(
              "narrowing of a member that is not there",
              "    schema:",
              "    narrows: {/amuont: at-most}\n    schema:",
              "/amuont names no member of the type"),
          new Row(
              "narrowing of a kind that is not known",
              "    schema:",
              "    narrows: {/amount: less}\n    schema:",
              "/amount must be one of at-most, at-least, subset"),
          new Row(
              "narrowing of another kind of member",
              "    schema:",
              "    narrows: {/payee: at-most}\n    schema:",
              "/payee is not of a kind that `at-most` can compare"),
          new Row(
              "fractions",
              AMOUNT,
              "{ type: number, minimum: 1, maximum: 2 }",
              "fractions are not exact"),
          new Row(
              "no minimum",
              AMOUNT,
              "{ type: integer, maximum: 100 }",
              "an integer needs `minimum` and `maximum`"),
          new Row(
              "no maximum",
              AMOUNT,
              "{ type: integer, minimum: 1 }",
              "an integer needs `minimum` and `maximum`"),
          new Row(
              "beyond 64 bits",
              "maximum: 100",
              "maximum: 9223372036854775808",
              "must be a whole number between"),
          new Row(
              "a limit with a fraction",
              "maximum: 100",
              "maximum: 100.5",
              "must be a whole number between"),
          new Row(
              "endless text",
              NOTE,
              "note: { type: string }",
              "a text needs `maxLength`, `pattern`, `enum` or `const`"),
          new Row(
              "over-long text",
              "maxLength: 20",
              "maxLength: 2000",
              "must be a whole number between 0 and 1024"),
          new Row("H03 open pattern before", "^P[0-9]+$", "P[0-9]+$", "must cover the whole text"),
          new Row("H03 open pattern after", "^P[0-9]+$", "^P[0-9]+", "must cover the whole text"),
          new Row(
              "H03 pattern with open alternatives",
              "^P[0-9]+$",
              "^P|Q$",
              "put the alternatives into brackets"),
          new Row("not a pattern", "^P[0-9]+$", "^P[0-9+$", "not a regular expression"),
          new Row(
              "L07 pattern that looks back", "^P[0-9]+$", "^(P)\\\\1$", "not a regular expression"),
          new Row(
              "format is never checked",
              NOTE,
              "note: { type: string, format: email }",
              "note.format: this keyword would not be checked"),
          new Row(
              "open object",
              "required: [",
              "additionalProperties: true\n      required: [",
              "cannot be decided on"),
          new Row(
              "object without members",
              NOTE,
              "note: { type: object }",
              "an object needs `properties`"),
          new Row(
              "free names without end",
              NOTE,
              "note: { type: object, additionalProperties: { type: boolean } }",
              "needs `maxProperties`"),
          new Row("array without end", "maxItems: 3, ", "", "an array needs `maxItems`"),
          new Row(
              "array of anything",
              ", items: { type: integer, minimum: 0, maximum: 9 }",
              "",
              "an array needs `items`"),
          new Row(
              "several kinds",
              "{ type: integer,",
              "{ type: [integer, 'null'],",
              "must be string, integer, boolean, array or object"),
          new Row(
              "null",
              NOTE,
              "note: { type: 'null' }",
              "must be string, integer, boolean, array or object"),
          new Row("no kind", NOTE, "note: {}", "needs a `type`"),
          new Row("enum of another kind", "[USD, EUR]", "[USD, 1]", "each value must be a text"),
          new Row(
              "own member type", NOTE, "type: { const: x }", "the registry adds the member `type`"),
          new Row(
              "remote reference",
              NOTE,
              "note: { $ref: 'http://127.0.0.1:1/x.json' }",
              "only `#/$defs/<name>`"),
          new Row(
              "reference to a file",
              NOTE,
              "note: { $ref: 'file:///etc/passwd' }",
              "only `#/$defs/<name>`"),
          new Row(
              "missing definition", NOTE, "note: { $ref: '#/$defs/x' }", "only `#/$defs/<name>`"),
          new Row(
              "other dialect",
              "required: [",
              "$schema: http://json-schema.org/draft-07/schema#\n      required: [",
              "is understood"),
          new Row(
              "own id",
              "required: [",
              "$id: http://x.example/y\n      required: [",
              "this keyword would not be checked"),
          new Row(
              "misspelt member in a condition",
              "required: [",
              "if: { properties: { curency: { const: USD } } }\n      then: { required: [note] }\n      required: [",
              "no such member is declared; did you mean `currency`?"),
          new Row(
              "condition that wants an unknown member",
              "required: [",
              "if: { required: [note] }\n      then: { required: [noted] }\n      required: [",
              "no such member: `noted`; did you mean `note`?"),
          new Row(
              "then without if",
              "required: [",
              "then: { required: [note] }\n      required: [",
              "do nothing without `if`"),
          new Row(
              "condition that declares",
              "required: [",
              "anyOf: [{ properties: { note: { type: object } } }]\n      required: [",
              "note/type"),
          new Row("not an object", "type: object", "type: array", "must say `type: object`"),
          new Row("blank in the name", "urn:example:payment", "urn example", "without blanks"),
          new Row(
              "a mark that leads nowhere",
              "sentence:",
              "redact: [/payer]\n    sentence:",
              "names no member of the type"),
          new Row(
              "a mark that is no pointer",
              "sentence:",
              "redact: [payee]\n    sentence:",
              "names no member of the type"),
          new Row(
              "a version before the first",
              "sentence:",
              "version: 0\n    sentence:",
              "types[0].version: must be a whole number from 1"),
          new Row(
              "a version that is no whole number",
              "sentence:",
              "version: 1.5\n    sentence:",
              "types[0].version: must be"),
          new Row(
              "a version without end",
              "sentence:",
              "version: 99999999999999999999\n    sentence:",
              "types[0].version: must be"),
          new Row(
              "the built-in name",
              "urn:example:payment",
              "vault:path_access",
              "there is already a type of this name"));

  @TempDir private Path folder;

  @ParameterizedTest(name = "{0}")
  @FieldSource("BROKEN")
  void refuses(Row row) {
    assertThat(DEFINITION).contains(row.part());

    assertThatThrownBy(() -> load(DEFINITION.replace(row.part(), row.instead())))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("types.yaml:")
        .hasMessageContaining(row.says());
  }

  @Test
  void tellsEveryProblemAtOnce() {
    String broken =
        DEFINITION.replace("maximum: 100", "maxmum: 100").replace("{/payee}", "{/paye}") + "x: 1\n";

    assertThatThrownBy(() -> load(broken))
        .isInstanceOfSatisfying(
            ConfigException.class, found -> assertThat(found.problems()).hasSizeGreaterThan(2));
  }

  @Test
  void closesObjectsThatDoNotSayTheyAreClosed() {
    assertThatThrownBy(() -> check("\"extra\":1"))
        .hasMessage("authorization_details[0].extra is not a member of this type");
  }

  @Test
  void refusesTheSameMistakesInArrays() {
    assertThatThrownBy(() -> check("\"lines\":[1,2.0]"))
        .hasMessageContaining(".lines[1] must be an");
    assertThatThrownBy(() -> check("\"lines\":[1,10]"))
        .hasMessageContaining(".lines[1] must be at");
    assertThatThrownBy(() -> check("\"lines\":[1,2,3,4]")).hasMessageContaining("at most 3 items");
  }

  @Test
  void givesATextWithOnlyAPatternALength() {
    assertThatThrownBy(() -> check("\"payee\":\"P" + "1".repeat(256) + "\""))
        .isInstanceOf(WireException.class)
        .hasMessageContaining("payee must have at most 256 characters");
  }

  @Test
  void readsASchemaFromItsOwnFile() {
    Refunds.write(
        folder,
        "payment.schema.json",
        """
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
         "properties": {"amount": {"$ref": "#/$defs/cents"}},
         "$defs": {"cents": {"type": "integer", "minimum": 1, "maximum": 5}}}
        """);
    TypeRegistry types =
        load(
            """
            types:
              - name: urn:example:payment
                sentence: Pay[ {/amount}]
                schema: payment.schema.json
            """);

    assertThatThrownBy(() -> types.check(Refunds.details(payment("\"amount\":6"))))
        .hasMessageContaining("amount must be at most 5");
  }

  @Test
  void refusesAReferenceThatComesBack() {
    assertThatThrownBy(() ->
            load(
                """
                types:
                  - name: urn:example:tree
                    sentence: Tree
                    schema:
                      type: object
                      properties: { node: { $ref: '#/$defs/node' } }
                      $defs:
                        node: { type: object, properties: { node: { $ref: '#/$defs/node' } } }
                """))
        .hasMessageContaining("nested deeper than");
  }

  @Test
  void B04_asksNobodyForAReferencedSchema() throws IOException {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      listener.setSoTimeout(200);
      String address = "http://127.0.0.1:" + listener.getLocalPort() + "/x.json";

      assertThatThrownBy(() -> load(DEFINITION.replace(NOTE, "note: { $ref: '" + address + "' }")))
          .isInstanceOf(ConfigException.class);
      assertThatThrownBy(listener::accept).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void D19_aTypeIsOfTheVersionThatItsDefinitionSays() {
    AuthorizationDetails details =
        AuthorizationDetails.of(StrictJson.parse("[{\"type\":\"urn:example:payment\"}]"));
    TypeRegistry first = load(DEFINITION);
    TypeRegistry second = load(DEFINITION.replace("sentence:", "version: 2\n    sentence:"));

    assertThat(first.versions(details)).isEqualTo(TypeVersions.FIRST_OF_ALL);
    assertThat(second.versions(details).of("urn:example:payment")).isEqualTo(2);
    assertThat(second.versions(details).of("vault:path_access")).isEqualTo(1);
    assertThat(second.version()).as("approvals end with it").isNotEqualTo(first.version());
    assertThat(load(DEFINITION.replace("sentence:", "version: 1\n    sentence:")).version())
        .isEqualTo(first.version());
  }

  @Test
  void versionDependsOnMeaningAndNotOnSpelling() {
    String version = load(DEFINITION).version();

    assertThat(
            load("# a comment\n" + DEFINITION.replace("[USD, EUR]", "['USD', \"EUR\"]")).version())
        .isEqualTo(version);
    assertThat(load(DEFINITION.replace("maximum: 100", "maximum: 101")).version())
        .isNotEqualTo(version);
    assertThat(load(DEFINITION.replace("Pay", "Send")).version()).isNotEqualTo(version);
  }

  private void check(String members) {
    String required = "\"amount\":1,\"currency\":\"USD\"";
    String payee = members.contains("payee") ? "" : ",\"payee\":\"P1\"";
    AuthorizationDetails details = Refunds.details(payment(required + payee + "," + members));
    load(DEFINITION).check(details);
  }

  private static String payment(String members) {
    return "{\"type\":\"urn:example:payment\"," + members + "}";
  }

  private TypeRegistry load(String yaml) {
    return TypeRegistry.load(Refunds.write(folder, "types.yaml", yaml));
  }

  record Row(String name, String part, String instead, String says) {
    @Override
    public String toString() {
      return name;
    }
  }
}
