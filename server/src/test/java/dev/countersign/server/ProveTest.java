package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import dev.countersign.server.ProveStage.Told;
import dev.countersign.server.config.Installation;
import dev.countersign.server.demo.DevelopmentSignIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.Objects;
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
/// checked and not forged, and guards that are taken away are missed.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ProveTest {
  @TempDir static Path folder = Path.of("");

  private static @Nullable ProveStage stage;
  private static @Nullable House house;
  private static Path report = Path.of("");

  @BeforeAll
  static void start() throws IOException {
    var opened = new ProveStage(folder);
    stage = opened;
    report = folder.resolve("report.json");
    house = House.open(opened.config(), opened.variables(), InstantSource.system(), _ -> {});
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(house).close();
    stage().close();
  }

  @Test
  @Order(1)
  void everyAttackOnTheRunningExampleIsRefusedAsClaimed() {
    Told told =
        stage().prove("--no-faults", "--report", report.toString(), "--html", page().toString());

    assertThat(told.text())
        .contains("13 of 14 properties hold", "not tried: taking parts away")
        .doesNotContain("NOT AS CLAIMED");
    assertThat(told.text().split("not tried: ", -1)).hasSize(2);
    assertThat(told.code()).isEqualTo(3);
  }

  @Test
  @Order(2)
  void theReportIsVerifiedOfflineWithThePublishedKey() throws IOException {
    Path key = folder.resolve("proof.jwks.json");
    Files.writeString(key, command("prove", "key").text());

    Told told = ProveStage.run("prove", "verify", report.toString(), "--key", key.toString());

    assertThat(told.text()).contains("The report is genuine", "NOT ALL TRIED");
    assertThat(told.code()).isZero();
  }

  @Test
  @Order(2)
  void aReportThatWasChangedOrSignedByAnotherKeyIsNotGenuine() throws IOException {
    Path changed = folder.resolve("changed.json");
    String text = Files.readString(report);
    Files.writeString(changed, text.replaceFirst("\"box\":\"broker\"", "\"box\":\"nobody\""));
    Path other = stage().data().resolve("keys").resolve("sts.jwk");

    Told forged = ProveStage.run("prove", "verify", changed.toString());
    Told foreign = ProveStage.run("prove", "verify", report.toString(), "--key", other.toString());

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

    assertThat(command("trace", run).text()).contains("proof-signed", "digest=");
  }

  @Test
  @Order(2)
  void theReportNamesTheLedgersRecordsAndNoSecret() throws IOException {
    ObjectNode signed = StrictJson.parseObject(Files.readString(report));
    String told = StrictJson.write(signed.path("report")) + Files.readString(page());

    assertThat(told).contains("lease-refused", "exchange-refused", "call-refused");
    assertThat(told).doesNotContain("eyJ", "SCRAM-SHA-256$");
  }

  @Test
  @Order(2)
  void fromOutsideWhatNeedsTheInsideIsToldAsNotTried() throws IOException {
    Path keys = stage().data().resolve("keys");
    Installation installation = Objects.requireNonNull(house).installation();
    Files.writeString(
        folder.resolve("bearer"),
        DevelopmentSignIn.anyone(installation, "entra", "prove@contoso.example").reveal());
    Path target = folder.resolve("target.yaml");
    Files.writeString(
        target,
        """
        sts: %s
        broker: %s
        gateway: %s
        database: %s
        role: prove
        other-role: prove-other
        audience: urn:countersign:prove
        other-audience: urn:countersign:prove:other
        scope: prove:write
        token-type: urn:entra:token-type:user-jwt
        client: {name: prove, key: %s/prove.jwk}
        outsider: {name: prove-outsider, key: %s/prove-outsider.jwk}
        bearer: file:bearer
        signing-key: report.jwk
        """
            .formatted(
                installation.sts().issuer(),
                installation.broker().orElseThrow().baseUri(),
                installation.gateway().resource(),
                installation.gateway().databases().get("refunds"),
                keys,
                keys));

    Told told =
        ProveStage.run(
            "prove",
            "--against",
            target.toString(),
            "--only",
            "login-does-one-thing,trust-separated");

    assertThat(told.text()).contains("holds     login-does-one-thing", "boxes' keys are not here");
    assertThat(told.code()).isEqualTo(3);
  }

  @Test
  @Order(3)
  void withoutRowLevelSecurityTheLoginDoesMore() throws SQLException {
    String table = "ALTER TABLE prove.writes ";
    assertBroken(
        "login-does-one-thing",
        "refunds",
        table + "DISABLE ROW LEVEL SECURITY",
        table + "ENABLE ROW LEVEL SECURITY");
  }

  @Test
  @Order(3)
  void aBoxThatReadsAnothersTablesIsFound() throws SQLException {
    assertBroken(
        "trust-separated",
        "countersign",
        "GRANT USAGE ON SCHEMA broker TO countersign_sts;"
            + " GRANT SELECT ON ALL TABLES IN SCHEMA broker TO countersign_sts",
        "REVOKE ALL ON ALL TABLES IN SCHEMA broker FROM countersign_sts;"
            + " REVOKE USAGE ON SCHEMA broker FROM countersign_sts");
  }

  private static void assertBroken(String property, String database, String weaken, String mend)
      throws SQLException {
    Told told;
    stage().sql(database, weaken);
    try {
      told = stage().prove("--only", property);
    } finally {
      stage().sql(database, mend);
    }
    assertThat(told.broken()).as(told.text()).containsExactly(property);
    assertThat(told.code()).isEqualTo(1);
  }

  private static ProveStage stage() {
    return Objects.requireNonNull(stage);
  }

  private static Path page() {
    return folder.resolve("report.html");
  }

  private static Told command(String... words) {
    String[] where = stage().where();
    var all = new String[words.length + where.length];
    System.arraycopy(words, 0, all, 0, words.length);
    System.arraycopy(where, 0, all, words.length, where.length);
    return ProveStage.run(all);
  }
}
