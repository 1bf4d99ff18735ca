package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import dev.countersign.box.Database;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.ProveStage.Told;
import dev.countersign.server.config.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// `countersign ledger` on a ledger that goes on while it is exported, and that grows old.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LedgerCommandTest {
  private static final YearMonth OLD = YearMonth.of(2026, 1);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  @TempDir static Path folder = Path.of("");

  private static @Nullable ProveStage stage;
  private static @Nullable House house;

  @BeforeAll
  static void start() throws IOException, SQLException {
    var opened = new ProveStage(folder);
    stage = opened;
    house = House.open(opened.config(), opened.variables(), InstantSource.system(), _ -> {});
    opened.sql(
        "countersign",
        "SET ROLE countersign_owner; CREATE TABLE ledger.entry_2026_01 PARTITION OF ledger.entry"
            + " FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z')");
    append("an-old-call", Instant.parse("2026-01-15T12:00:00Z"));
    append("a-new-call", Instant.parse("2026-11-15T12:00:00Z"));
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(house).close();
    stage().close();
  }

  @Test
  @Order(1)
  void anExportThatFollowsTellsWhatIsWrittenLater() throws Exception {
    Path file = folder.resolve("follow.jsonl");
    Path events = folder.resolve("follow.ocsf");
    Thread sealed = following("jsonl", file);
    Thread opened = following("ocsf", events);
    try {
      await(file, "a-new-call");
      await(events, "a-new-call");
      assertThat(Files.readString(file)).doesNotContain("a-later-call");

      append("a-later-call", Instant.parse("2026-11-16T12:00:00Z"));

      await(file, "a-later-call");
      await(events, "a-later-call");
    } finally {
      for (Thread thread : List.of(sealed, opened)) {
        thread.interrupt();
        thread.join(TimeUnit.NANOSECONDS.toMillis(PATIENCE_NANOS));
      }
    }
    assertThat(sealed.isAlive() || opened.isAlive()).isFalse();
    Told whole = ProveStage.run("ledger", "verify", file.toString());
    assertThat(whole.text()).contains("The ledger is whole");
  }

  @Test
  @Order(1)
  void everyEventSatisfiesThePublishedSchemaOfOcsf() throws Exception {
    Path events = folder.resolve("events.jsonl");
    command("ledger", "export", "--format", "ocsf", "--out", events.toString());
    Path script = Path.of("src", "test", "resources", "ocsf.py");
    var check = new ProcessBuilder("python3", script.toString(), events.toString());
    check.environment().put("PYTHONPATH", Counterparts.python().toString());
    Process python = check.redirectErrorStream(true).start();

    String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(said.strip()).endsWith("events 0 problems").doesNotStartWith("0 ");
  }

  @Test
  @Order(2)
  void aMonthThatHasNotComeIsNotDropped() {
    Told told = command("ledger", "prune", "--before", "2999-01");

    assertThat(told.code()).isEqualTo(1);
    assertThat(command("trace", "an-old-call").text()).contains("client-changed");
  }

  @Test
  @Order(3)
  void anOldMonthIsDroppedUnderAStatementAndTheRestIsWhole() {
    Told told = command("ledger", "prune", "--before", "2026-02");

    assertThat(told.text()).contains(OLD + ": 1 entries dropped");
    assertThat(command("trace", "an-old-call").text()).contains("Nothing happened");
    assertThat(command("trace", "a-new-call").text()).contains("client-changed");
    assertThat(command("ledger", "verify").text()).contains("The ledger is whole");
    assertThat(command("ledger", "checkpoints").text()).contains("cut");
    assertThat(command("trace").text()).contains("month-dropped");
  }

  private static Thread following(String format, Path file) {
    var arguments =
        new String[] {"ledger", "export", "--follow", "--format", format, "--out", file.toString()};
    return Thread.ofPlatform().start(() -> Main.run(with(arguments)));
  }

  private static void await(Path file, String text) throws IOException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (System.nanoTime() < end) {
      if (Files.isRegularFile(file) && Files.readString(file).contains(text)) {
        return;
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
    throw new AssertionError("the export does not tell " + text);
  }

  /// Writes one entry as the token service would at another time.
  private static void append(String jti, Instant when) {
    Installation installation = Installation.read(stage().config(), stage().variables());
    try (var state = StateAccess.open(installation);
        Database box = Database.open("ledger-test", state.box("sts"), 1);
        var ledger = new PgLedger("sts", box.dataSource(), InstantSource.fixed(when))) {
      ObjectNode data = StrictJson.object().put("name", jti);
      ledger.append(new LedgerEntry(LedgerEvent.CLIENT_CHANGED, jti, "", data));
    }
  }

  private static Told command(String... words) {
    return ProveStage.run(with(words));
  }

  private static String[] with(String... words) {
    String[] where = stage().where();
    var all = new String[words.length + where.length];
    System.arraycopy(words, 0, all, 0, words.length);
    System.arraycopy(where, 0, all, words.length, where.length);
    return all;
  }

  private static ProveStage stage() {
    return Objects.requireNonNull(stage);
  }
}
