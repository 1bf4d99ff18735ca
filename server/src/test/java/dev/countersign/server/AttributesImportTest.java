package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.countersign.box.Database;
import dev.countersign.box.TestState;
import dev.countersign.config.ConfigException;
import dev.countersign.policy.Attribute;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.box.StsBox;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `countersign attributes import`: all of a file or nothing, and every problem with its line.
class AttributesImportTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final Database DATABASE =
      Database.open(
          "import", TestState.shared().migrated("sts", "sts_import", StsBox.MIGRATIONS), 2);
  private static final AttributeStore STORE = StsBox.attributes(DATABASE);
  @TempDir private Path folder;

  @AfterAll
  static void close() {
    DATABASE.close();
  }

  @Test
  void keepsWhatAValueIsAndWhoSaidIt() throws IOException {
    long rows =
        load(
            """
            subject,name,value
            okta|00u1,refund_limit,5000
            okta|00u1,vip,true
            okta|00u1,teams,["desk","night"]
            okta|00u1,title,Lead, night shift
            "okta|00u,2",title,"Says ""hello"", often"
            record:R-7,classification,secret

            okta|auth0|x,path,C:\\new\\table
            """,
            "hr");

    assertThat(rows).isEqualTo(7);
    Map<String, Attribute> known = STORE.all("okta|00u1");
    assertThat(known.get("refund_limit"))
        .isNotNull()
        .satisfies(limit -> {
          assertThat(limit.value().isIntegralNumber()).isTrue();
          assertThat(limit.source()).isEqualTo("hr");
          assertThat(limit.at()).isEqualTo(NOON);
        });
    assertThat(text("okta|00u1", "vip")).isEqualTo("true");
    assertThat(text("okta|00u1", "teams")).isEqualTo("[\"desk\",\"night\"]");
    assertThat(text("okta|00u1", "title")).isEqualTo("\"Lead, night shift\"");
    assertThat(text("okta|00u,2", "title")).isEqualTo("\"Says \\\"hello\\\", often\"");
    assertThat(text("record:R-7", "classification")).isEqualTo("\"secret\"");
    assertThat(text("okta|auth0|x", "path")).isEqualTo("\"C:\\\\new\\\\table\"");
  }

  @Test
  void aSecondImportWritesOverTheFirst() throws IOException {
    load("subject,name,value\nokta|twice,limit,1\n", "import");
    load("\ufeffsubject,name,value\r\nokta|twice,limit,2\r\n", "import");

    assertThat(text("okta|twice", "limit")).isEqualTo("2");
  }

  @Test
  void namesEveryProblemWithItsLineAndWritesNothing() {
    var failure =
        catchThrowableOfType(
            ConfigException.class,
            () ->
                load(
                    """
                    subject,name,value
                    okta|good,limit,1
                    okta|good
                    nobody,limit,1
                    entra|x,limit,1
                    okta|x,Limit!,1
                    okta|x,limit,
                    okta|x,limit,null
                    okta|good,limit,2
                    """,
                    "import"));

    assertThat(failure.problems())
        .hasSize(8)
        .anyMatch(line -> line.contains(".csv:3: must be three fields"))
        .anyMatch(line -> line.contains(".csv:4: the subject must be anchor|stable id"))
        .anyMatch(line -> line.contains(".csv:5: the subject names no trust anchor"))
        .anyMatch(line -> line.contains(".csv:6: the attribute's name"))
        .anyMatch(line -> line.contains(".csv:7: the value is missing"))
        .anyMatch(line -> line.contains(".csv:8: the value must not be null"))
        .anyMatch(line -> line.contains(".csv:2: another line names the same attribute"))
        .anyMatch(line -> line.contains(".csv:9: another line names the same attribute"));
    assertThat(STORE.all("okta|good")).isEmpty();
  }

  @Test
  void refusesAFileWithAnotherHeaderOrAnotherEncoding() throws IOException {
    assertThat(
            catchThrowableOfType(ConfigException.class, () -> load("name,value\n", "import"))
                .problems())
        .anyMatch(line -> line.contains(":1: the first line must be subject,name,value"));
    Path latin = folder.resolve("latin.csv");
    Files.write(
        latin,
        "subject,name,value\nokta|x,title,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(catchThrowableOfType(ConfigException.class, () -> load(latin, "import")).problems())
        .anyMatch(line -> line.contains("not UTF-8"));
  }

  @Test
  void nobodyPassesForTheTokenItself() {
    assertThat(
            catchThrowableOfType(
                    ConfigException.class, () -> load("subject,name,value\n", Attribute.CLAIM))
                .problems())
        .anyMatch(line -> line.contains("--source"));
  }

  @Test
  void aLongFileStreams() throws IOException {
    Path file = folder.resolve("long.csv");
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write("subject,name,value\n");
      for (int i = 0; i < 50_000; i++) {
        out.write("okta|long" + i + ",limit," + i + "\n");
      }
    }

    assertThat(load(file, "import")).isEqualTo(50_000);
    assertThat(text("okta|long49999", "limit")).isEqualTo("49999");
  }

  private static String text(String subject, String name) {
    Attribute attribute = STORE.of(subject, Set.of(name)).get(name);
    return attribute == null ? "" : attribute.value().toString();
  }

  private long load(String text, String source) throws IOException {
    return load(Files.writeString(folder.resolve("people.csv"), text), source);
  }

  private static long load(Path file, String source) {
    return AttributesCommand.run(STORE, file, Set.of("okta"), source, () -> NOON);
  }
}
