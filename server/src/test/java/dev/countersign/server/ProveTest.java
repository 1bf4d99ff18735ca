package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.StrictJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// `countersign prove` against the running refunds example: all is refused, the report can be
/// checked and not forged, and each guard that is taken away is missed.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ProveTest {
  private static final Path EXAMPLE =
      Path.of("..", "examples", "refunds").toAbsolutePath().normalize();

  @TempDir static Path folder = Path.of("");

  private static @Nullable House house;
  private static Path config = Path.of("");
  private static Path report = Path.of("");

  @BeforeAll
  static void start() throws IOException {
    Path data = folder.resolve("data");
    Map<String, String> ports = Ports.anyFree();
    config = copy(ports);
    report = folder.resolve("report.json");
    var variables = new HashMap<>(ports);
    variables.put(ConfigOption.DATA, data.toString());
    house = House.open(config, variables, InstantSource.system(), _ -> {});
  }

  @AfterAll
  static void stop() {
    house().close();
    EmbeddedPostgres.delete(folder.resolve("data"));
  }

  @Test
  @Order(1)
  void everyAttackOnTheRunningExampleIsRefusedAsClaimed() {
    Told told = prove("--report", report.toString(), "--html", page().toString());

    assertThat(told.text()).contains("PROVEN").doesNotContain("NOT AS CLAIMED");
    assertThat(told.code()).isZero();
  }

  @Test
  @Order(2)
  void theReportIsVerifiedOfflineWithThePublishedKey() throws IOException {
    Path key = folder.resolve("proof.jwks.json");
    Files.writeString(key, run("prove", "key", "-c", config.toString(), "--data", data()).text());

    Told told = run("prove", "verify", report.toString(), "--key", key.toString());

    assertThat(told.text()).contains("The report is genuine", "PROVEN");
    assertThat(told.code()).isZero();
  }

  @Test
  @Order(2)
  void aReportThatWasChangedOrSignedByAnotherKeyIsNotGenuine() throws IOException {
    Path changed = folder.resolve("changed.json");
    String text = Files.readString(report);
    Files.writeString(changed, text.replaceFirst("\"box\":\"broker\"", "\"box\":\"nobody\""));
    Path other = folder.resolve("data").resolve("keys").resolve("sts.jwk");

    Told forged = run("prove", "verify", changed.toString());
    Told foreign = run("prove", "verify", report.toString(), "--key", other.toString());

    assertThat(forged.text()).contains("NOT GENUINE: the report is not the one that was signed");
    assertThat(forged.code()).isEqualTo(1);
    assertThat(foreign.text()).contains("NOT GENUINE: the signature does not verify");
    assertThat(foreign.code()).isEqualTo(1);
  }

  @Test
  @Order(2)
  void theLedgerKnowsTheReportUnderItsRun() throws IOException {
    ObjectNode signed = StrictJson.parseObject(Files.readString(report));
    String run = signed.path("report").path("run").stringValue();

    Told told = run("trace", run, "-c", config.toString(), "--data", data());

    assertThat(told.text()).contains("proof-signed", "digest=");
  }

  @Test
  @Order(2)
  void theReportNamesTheLedgersRecordsAndNoSecret() throws IOException {
    String text = Files.readString(report) + Files.readString(page());

    assertThat(text).contains("lease-refused", "exchange-refused", "call-refused");
    assertThat(text)
        .doesNotContainPattern(
            "eyJ[A-Za-z0-9_-]{20,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.");
    assertThat(Files.readString(page())).doesNotContainPattern("eyJ[A-Za-z0-9_-]{10,}\\.");
  }

  @Test
  @Order(3)
  void withoutRowLevelSecurityTheLoginIsToldToDoMore() throws SQLException {
    String table = "ALTER TABLE prove.writes ";
    assertBroken(
        "login-does-one-thing",
        table + "DISABLE ROW LEVEL SECURITY",
        table + "ENABLE ROW LEVEL SECURITY");
  }

  @Test
  @Order(3)
  void withoutTheTriggerTheApprovedWriteHappensTwice() throws SQLException {
    assertBroken(
        "login-does-one-thing",
        "ALTER TABLE prove.writes DISABLE TRIGGER a_consume_request;"
            + " ALTER TABLE prove.writes DROP CONSTRAINT writes_jti_key",
        "DELETE FROM prove.writes; ALTER TABLE prove.writes ENABLE TRIGGER a_consume_request;"
            + " ALTER TABLE prove.writes ADD CONSTRAINT writes_jti_key UNIQUE (jti)");
  }

  private static void assertBroken(String property, String weaken, String mend)
      throws SQLException {
    Told told;
    sql(weaken);
    try {
      told = prove("--only", property);
    } finally {
      sql(mend);
    }
    assertThat(told.text()).contains("✘ BROKEN    " + property, "NOT AS CLAIMED");
    assertThat(told.code()).isEqualTo(1);
  }

  private static void sql(String statement) throws SQLException {
    var owner = house().embeddedSuperuser().database("refunds");
    try (Connection connection =
            DriverManager.getConnection(owner.url(), owner.user(), owner.password().reveal());
        var work = connection.createStatement()) {
      work.execute(statement);
    }
  }

  private static House house() {
    return Objects.requireNonNull(house);
  }

  private static Path page() {
    return folder.resolve("report.html");
  }

  private static String data() {
    return folder.resolve("data").toString();
  }

  private static Told prove(String... options) {
    var arguments = new ArrayList<String>(List.of("prove", "-c", config.toString()));
    arguments.addAll(List.of("--data", data()));
    arguments.addAll(List.of(options));
    return run(arguments.toArray(new String[0]));
  }

  private static Told run(String... arguments) {
    PrintStream before = System.out;
    var screen = new ByteArrayOutputStream();
    try (var out = new PrintStream(screen, true, StandardCharsets.UTF_8)) {
      System.setOut(out);
      int code = Main.run(arguments);
      return new Told(code, screen.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(before);
    }
  }

  /// The example with these ports written into it, since the command has no other way to know them.
  private static Path copy(Map<String, String> ports) throws IOException {
    Path to = folder.resolve("example");
    try (Stream<Path> files = Files.walk(EXAMPLE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file);
        for (Map.Entry<String, String> port : ports.entrySet()) {
          text = text.replaceAll("\\$\\{" + port.getKey() + ":[0-9]+\\}", port.getValue());
        }
        Path copy = to.resolve(EXAMPLE.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.writeString(copy, text);
      }
    }
    return to.resolve("countersign.yaml");
  }

  private record Told(int code, String text) {}
}
