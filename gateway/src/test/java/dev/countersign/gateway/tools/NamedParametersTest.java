package dev.countersign.gateway.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class NamedParametersTest {
  static final Row[] TABLE = {
    new Row("a name", "SELECT :a", "SELECT ?", "a"),
    new Row("a name twice", "SELECT :a, :b, :a", "SELECT ?, ?, ?", "a", "b", "a"),
    new Row("a cast", "SELECT :a::uuid, now()::text", "SELECT ?::uuid, now()::text", "a"),
    new Row("a text", "SELECT ':a' || :b", "SELECT ':a' || ?", "b"),
    new Row("a doubled quote", "SELECT 'it''s :a' || :b", "SELECT 'it''s :a' || ?", "b"),
    new Row("an escape text", "SELECT E'\\':a' || :b", "SELECT E'\\':a' || ?", "b"),
    new Row("no escape text", "SELECT '\\' || :b", "SELECT '\\' || ?", "b"),
    new Row("a quoted name", "SELECT \":a\" = :b", "SELECT \":a\" = ?", "b"),
    new Row("a line comment", "SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, ?", "b"),
    new Row("a comment", "SELECT /* :a /* ' */ :c */ :b", "SELECT /* :a /* ' */ :c */ ?", "b"),
    new Row("a dollar text", "SELECT $$ :a $$ || :b", "SELECT $$ :a $$ || ?", "b"),
    new Row("a tagged text", "SELECT $q$ $$ :a $q$ || :b", "SELECT $q$ $$ :a $q$ || ?", "b"),
    new Row("an operator", "SELECT j ? 'a' AND :b", "SELECT j ?? 'a' AND ?", "b"),
    new Row("a slice", "SELECT a[1:2]", "SELECT a[1:2]"),
    new Row("an ending", "SELECT :a ; ", "SELECT ? ", "a"),
  };

  record Row(String name, String source, String sql, List<String> names) {
    Row(String name, String source, String sql, String... names) {
      this(name, source, sql, List.of(names));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("TABLE")
  void bindsNamesAndLeavesTheRestAlone(Row row) {
    var problems = new ArrayList<String>();
    var parsed = NamedParameters.parse(row.source, problems::add);

    assertThat(parsed.sql()).isEqualTo(row.sql);
    assertThat(parsed.names()).isEqualTo(row.names);
    assertThat(problems).isEmpty();
  }

  @Test
  void refusesWhatIsNotOneStatement() {
    for (String source :
        List.of(
            "SELECT 1; DROP TABLE cases",
            "SELECT 'open",
            "SELECT \"open",
            "SELECT /* open",
            "SELECT $q$ open")) {
      var problems = new ArrayList<String>();
      NamedParameters.parse(source, problems::add);

      assertThat(problems).as(source).hasSize(1);
    }
  }
}
