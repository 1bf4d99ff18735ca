package dev.countersign.ledger.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.TestState;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.StrictJson;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The ledger on a real PostgreSQL, as the database user of a box.
class PgLedgerTest {
  private static final TestState STATE = TestState.shared();
  private static final InstantSource CLOCK = InstantSource.system();

  private static final DatabaseSettings OWNER = STATE.owner();

  private static Database box = database();
  private static Database auditor = box;
  private static Database owner = box;

  @BeforeAll
  static void migrate() {
    auditor = STATE.open("auditor", LedgerSchema.NAME, LedgerSchema.MIGRATIONS);
    owner = Database.open("owner", OWNER, 1);
    owner.query(connection -> {
      LedgerSchema.allowAppending(connection, List.of("countersign_probe"));
      return true;
    });
  }

  @AfterAll
  static void close() {
    owner.close();
    auditor.close();
    box.close();
  }

  @BeforeEach
  void empty() {
    run(owner, "ALTER TABLE ledger.entry DISABLE ROW LEVEL SECURITY");
    run(owner, "DELETE FROM ledger.entry");
    run(owner, "ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY");
  }

  @Test
  void K06_joinsWhatHappenedUnderOneJti() {
    try (var ledger = new PgLedger("probe", box.dataSource(), CLOCK)) {
      ledger.append(entry("j1", LedgerEvent.EXCHANGE_PERMITTED));
      ledger.append(entry("j2", LedgerEvent.EXCHANGE_DENIED));
      ledger.append(entry("j1", LedgerEvent.LEASE_MINTED));
    }

    assertThat(reader().trace("j1"))
        .extracting(LedgerRecord::event)
        .containsExactly("exchange-permitted", "lease-minted");
  }

  @Test
  void K03_aBoxReadsBackWhatItWroteItselfOfOnePerson() {
    try (var ledger = new PgLedger("probe", box.dataSource(), CLOCK)) {
      ledger.append(entry("j1", LedgerEvent.CALL_FINISHED));
      ledger.append(entry("j2", LedgerEvent.CALL_REFUSED));
      ledger.append(entry("j3", LedgerEvent.STATEMENT_RUN));
      ledger.append(
          new LedgerEntry(LedgerEvent.CALL_FINISHED, "j4", "okta|other", StrictJson.object()));
    }
    var own = new PgOwnEntries(box.dataSource());
    var events = Set.of(LedgerEvent.CALL_FINISHED, LedgerEvent.CALL_REFUSED);
    String subject = entry("j1", LedgerEvent.CALL_FINISHED).subject();

    assertThat(own.of(subject, events, 10))
        .extracting(LedgerRecord::jti)
        .containsExactly("j2", "j1");
    assertThat(own.of(subject, events, 1)).hasSize(1);
    assertThat(own.of("okta|nobody", events, 10)).isEmpty();
    run(owner, "ALTER TABLE ledger.entry DISABLE ROW LEVEL SECURITY");
    run(owner, "UPDATE ledger.entry SET box = 'another'");
    run(owner, "ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY");
    assertThat(own.of(subject, events, 10)).as("what another box wrote").isEmpty();
  }

  @Test
  void chainsEntriesOfManyThreadsWithoutAGap() throws Exception {
    try (var ledger = new PgLedger("probe", box.dataSource(), CLOCK);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var appends = new ArrayList<Future<?>>();
      for (int i = 0; i < 200; i++) {
        String jti = "j" + i;
        appends.add(threads.submit(() -> ledger.append(entry(jti, LedgerEvent.STATEMENT_RUN))));
      }
      for (Future<?> append : appends) {
        append.get();
      }
    }

    assertThat(reader().recent(1000)).hasSize(200);
    assertThat(reader().breaks()).isEmpty();
  }

  @Test
  void K03_findsAChangedAndAMissingEntry() {
    try (var ledger = new PgLedger("probe", box.dataSource(), CLOCK)) {
      for (int i = 0; i < 4; i++) {
        ledger.append(entry("j" + i, LedgerEvent.EXCHANGE_PERMITTED));
      }
    }
    run(owner, "ALTER TABLE ledger.entry DISABLE ROW LEVEL SECURITY");
    run(owner, "UPDATE ledger.entry SET event = 'other' WHERE jti = 'j1'");
    run(owner, "DELETE FROM ledger.entry WHERE jti = 'j2'");
    run(owner, "ALTER TABLE ledger.entry ENABLE ROW LEVEL SECURITY");

    assertThat(reader().breaks())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).contains("entry 2 was changed"))
        .anySatisfy(line -> assertThat(line).contains("entry 3 is missing"));
  }

  @Test
  void K03_aBoxMayNeitherReadChangeNorRemoveNorWriteForAnother() {
    for (String forbidden :
        List.of(
            "SELECT * FROM ledger.entry",
            "UPDATE ledger.entry SET jti = ''",
            "DELETE FROM ledger.entry",
            "TRUNCATE ledger.entry",
            "SELECT * FROM ledger.person",
            "SELECT * FROM ledger.checkpoint",
            "DELETE FROM ledger.person",
            "SELECT ledger.make_months(1)",
            "INSERT INTO ledger.entry VALUES ('w', 1, now(), 'sts', 'e', '', '', '{}', '', '')")) {
      assertThatThrownBy(() -> run(box, forbidden)).as(forbidden).isNotNull();
    }
  }

  @Test
  void K04_aLedgerThatCannotWriteSaysSo() {
    Database closed = database();
    try (var ledger = new PgLedger("probe", closed.dataSource(), CLOCK)) {
      closed.close();

      assertThatThrownBy(() -> ledger.append(entry("j", LedgerEvent.EXCHANGE_PERMITTED)))
          .isInstanceOf(Ledger.LedgerAway.class);
    }
  }

  @Test
  void K04_nobodyWaitsForADatabaseThatDoesNotAnswer() {
    try (var ledger = new PgLedger("probe", box.dataSource(), CLOCK)) {
      owner.transaction(connection -> {
        try (var statement = connection.createStatement()) {
          statement.execute("LOCK TABLE ledger.entry IN ACCESS EXCLUSIVE MODE");
        }
        assertThatThrownBy(() -> ledger.append(entry("j1", LedgerEvent.EXCHANGE_PERMITTED)))
            .isInstanceOf(Ledger.LedgerAway.class);
        return true;
      });

      ledger.append(entry("j2", LedgerEvent.EXCHANGE_PERMITTED));
    }
    assertThat(reader().trace("j2")).hasSize(1);
    assertThat(reader().breaks()).isEmpty();
  }

  @Test
  void K04_whoComesAsItClosesIsToldAndNotKeptWaiting() throws Exception {
    for (int round = 0; round < 20; round++) {
      var ledger = new PgLedger("probe", box.dataSource(), CLOCK);
      var callers = new ArrayList<Future<?>>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 8; i++) {
          callers.add(
              threads.submit(() -> {
                while (true) {
                  ledger.append(entry("j", LedgerEvent.EXCHANGE_PERMITTED));
                }
              }));
        }
        ledger.close();
        for (Future<?> caller : callers) {
          assertThatThrownBy(() -> caller.get(30, TimeUnit.SECONDS))
              .hasCauseInstanceOf(Ledger.LedgerAway.class);
        }
      }
    }
    assertThat(reader().breaks()).isEmpty();
  }

  @Test
  void refusesEntriesOnceItIsClosed() {
    var ledger = new PgLedger("probe", box.dataSource(), CLOCK);
    ledger.close();

    assertThatThrownBy(() -> ledger.append(entry("j", LedgerEvent.EXCHANGE_PERMITTED)))
        .isInstanceOf(Ledger.LedgerAway.class);
  }

  private static LedgerEntry entry(String jti, LedgerEvent event) {
    return new LedgerEntry(
        event, jti, "entra|1", StrictJson.object().put("amount", 8000).put("z", "é"));
  }

  private static PgLedgerReader reader() {
    return new PgLedgerReader(auditor.dataSource());
  }

  private static Database database() {
    var login = STATE.settings(StateDatabase.NAME, "countersign_probe");
    STATE.execute(
        STATE.superuser().database(StateDatabase.NAME),
        "GRANT CONNECT ON DATABASE countersign TO countersign_probe");
    return Database.open("probe", login, 4);
  }

  private static void run(Database database, String sql) {
    database.query(connection -> {
      try (var statement = connection.createStatement()) {
        return statement.execute(sql);
      }
    });
  }
}
