package dev.countersign.ledger.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.Database;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.TestState;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.ledger.ChainHead;
import dev.countersign.ledger.ChainLine;
import dev.countersign.ledger.Checkpoint;
import dev.countersign.ledger.ExportCheck;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a changed ledger looks like to who checks it, and what can be taken away without a trace of
/// tampering: a person, and a month.
class LedgerProofTest {
  private static final TestState STATE = TestState.shared();
  private static final ECKey KEY = KeyFiles.newEc();
  private static final VerificationKeys KEYS = VerificationKeys.of(List.of(KEY));
  private static final String PERSON = "entra|0b6f1f9e";

  private static Database box = login();
  private static Database auditor = box;
  private static Database owner = box;

  private Instant now = Instant.parse("2026-03-31T23:59:00Z");
  private final InstantSource clock = () -> now;

  @BeforeAll
  static void migrate() {
    auditor = STATE.open("auditor", LedgerSchema.NAME, LedgerSchema.MIGRATIONS);
    owner = Database.open("owner", STATE.owner(), 1);
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
    run("DELETE FROM ledger.entry");
    run("DELETE FROM ledger.checkpoint");
    run("DELETE FROM ledger.person");
  }

  @Test
  void K03_aWholeExportIsFoundWhole() throws IOException {
    List<String> export = twoCheckpoints();

    ExportCheck.Result result = check(export);

    assertThat(result.breaks()).isEmpty();
    assertThat(result.records()).isEqualTo(8);
    assertThat(result.checkpoints()).hasSize(2);
  }

  @Test
  void K03_findsAnEditedEntry() throws IOException {
    assertThat(
            broken(lines -> {
              int edited = at(lines, 3);
              lines.set(edited, lines.get(edited).replace("\"jti\":\"j3\"", "\"jti\":\"j9\""));
            }))
        .first()
        .asString()
        .contains("entry 3 was changed");
  }

  @Test
  void K03_findsAnEntryThatWasEditedAndHashedAnew() throws IOException {
    assertThat(broken(lines -> rewriteFrom(lines, 3)))
        .singleElement()
        .asString()
        .contains("entry 4 is not the one that checkpoint 1 saw");
  }

  @Test
  void K03_findsARemovedEntry() throws IOException {
    assertThat(broken(lines -> lines.remove(at(lines, 2))))
        .singleElement()
        .asString()
        .contains("entry 2 is missing");
  }

  @Test
  void K03_findsEntriesInAnotherOrder() throws IOException {
    assertThat(broken(lines -> lines.add(at(lines, 2), lines.remove(at(lines, 3)))))
        .anySatisfy(line -> assertThat(line).contains("entry 2 comes after entry 3"));
  }

  @Test
  void K03_findsAChainThatWasCutOff() throws IOException {
    assertThat(broken(lines -> lines.subList(at(lines, 7), lines.size()).clear()))
        .singleElement()
        .asString()
        .contains("entry 7 to 8 are missing; checkpoint 2 saw them");
  }

  @Test
  void K03_findsAChainThatWasRemoved() throws IOException {
    assertThat(broken(lines -> lines.removeIf(line -> line.startsWith("{\"writer\""))))
        .singleElement()
        .asString()
        .contains("entry 1 to 8 are missing");
  }

  @Test
  void K03_findsALedgerThatGoesOnInTwoWays() throws IOException {
    List<String> export = twoCheckpoints();
    Checkpoint first = checkpoints().all().getFirst();
    var forked =
        Checkpoint.sign(
            first,
            now,
            Checkpoint.Kind.HEADS,
            List.of(new ChainHead("probe/other", 1, "00".repeat(32))),
            new JwtSigner(KEY));
    export.add(forked.line());

    assertThat(check(export).breaks())
        .anySatisfy(line -> assertThat(line).contains("the ledger was forked"));
    assertThat(check(twoCheckpoints()).anchored(List.of(forked.statement())).breaks())
        .singleElement()
        .asString()
        .contains("an anchored checkpoint is not in the export");
  }

  @Test
  void K03_findsALedgerThatWasCutOffTogetherWithItsCheckpointsByTheAnchor() throws IOException {
    List<String> whole = twoCheckpoints();
    String anchored = checkpoints().all().getLast().statement();
    whole.removeIf(line -> line.contains(anchored));
    whole.subList(at(whole, 5), whole.size()).clear();

    assertThat(check(whole).breaks()).isEmpty();
    assertThat(check(whole).anchored(List.of(anchored)).breaks()).hasSize(1);
  }

  @Test
  void K03_believesNoCheckpointThatSomebodyElseSigned() throws IOException {
    List<String> export = twoCheckpoints();
    var stranger = new ExportCheck(_ -> VerificationKeys.of(List.of(KeyFiles.newEc())));

    assertThat(stranger.check(stream(export)).breaks())
        .first()
        .asString()
        .contains("the signature does not verify with a known key");
  }

  @Test
  void K03_findsAMissingAndAChangedCheckpoint() throws IOException {
    assertThat(broken(lines -> lines.remove(1))).first().asString().contains("checkpoint 1 is");
    assertThat(broken(lines -> lines.set(1, lines.get(1).replace(",4,", ",3,"))))
        .first()
        .asString()
        .contains("its heads are not those that were signed");
  }

  @Test
  void anExportThatIsNoneIsCalledSo() throws IOException {
    assertThat(
            check(List.of("{\"writer\":\"x", "rubbish", "{\"writer\":\"x\",\"seq\":1}")).breaks())
        .hasSize(4)
        .first()
        .asString()
        .contains("not that of an export");
  }

  @Test
  void aFileOfTheStreamIsCheckedAsAnExportIs() throws IOException {
    var lines = new ArrayList<String>();
    lines.add(ExportCheck.header(KeyFiles.publicSet(List.of(KEY))));
    var stream = new PgExport(auditor.dataSource());
    try (var ledger = new PgLedger("probe", box.dataSource(), clock)) {
      for (int i = 1; i <= 6; i++) {
        ledger.append(entry("j" + i));
        stream.news(lines::add, _ -> {}, true);
        checkpoints().sign();
      }
    }
    stream.news(lines::add, _ -> {}, true);

    assertThat(lines).hasSize(13);
    assertThat(check(lines).breaks()).isEmpty();
    lines.remove(at(lines, 6));
    assertThat(check(lines).breaks()).singleElement().asString().contains("entry 6 is missing");
  }

  @Test
  void aReplicaSaysWhenItBeginsAndWhenItStopsInOrder() {
    var replica = StrictJson.object().put("replica", "a").put("version", "1");
    try (var ledger = new PgLedger("probe", box.dataSource(), clock, replica)) {
      ledger.append(entry("j1"));
    }

    assertThat(reader().recent(10).reversed())
        .extracting(LedgerRecord::event)
        .containsExactlyInAnyOrder("box-started", "exchange-permitted", "box-stopped");
    assertThat(reader().breaks()).isEmpty();
  }

  @Test
  void K07_aForgottenPersonIsUnreadableAndTheChainStaysWhole() throws Exception {
    List<String> before = twoCheckpoints();
    assertThat(String.join("\n", before)).doesNotContain("0b6f1f9e", "8000", "refund-limit-9");
    assertThat(reader().trace("j1").getFirst().subject()).isEqualTo(PERSON);
    assertThat(reader().trace("j1").getFirst().data().path("amount").intValue()).isEqualTo(8000);

    Optional<String> name = onOwner(connection -> new LedgerOwner(connection).forget(PERSON));

    LedgerRecord forgotten = reader().trace("j1").getFirst();
    assertThat(forgotten.subject()).isEqualTo(name.orElseThrow()).startsWith("p_");
    assertThat(forgotten.data().has("amount")).isFalse();
    assertThat(forgotten.data().path(LedgerRecord.FORGOTTEN).booleanValue()).isTrue();
    assertThat(forgotten.data().path("rules").path(0).stringValue()).isEqualTo("within-limit");
    assertThat(reader().breaks()).isEmpty();
    assertThat(check(exported()).breaks()).isEmpty();
    Optional<String> again = onOwner(connection -> new LedgerOwner(connection).forget(PERSON));
    assertThat(again).isEmpty();
  }

  @Test
  void aForgottenPersonWhoComesBackIsSomebodyElseToTheLedger() throws Exception {
    try (var ledger = new PgLedger("probe", box.dataSource(), clock)) {
      ledger.append(entry("j1"));
      onOwner(connection -> new LedgerOwner(connection).forget(PERSON));
      now = now.plusSeconds(61);
      ledger.append(entry("j2"));
    }

    assertThat(reader().trace("j1").getFirst().subject()).startsWith("p_");
    assertThat(reader().trace("j2").getFirst().subject()).isEqualTo(PERSON);
    assertThat(reader().jtisOf(PERSON, 10)).containsExactly("j2");
  }

  @Test
  void aMonthIsDroppedUnderASignedStatementAndTheRestStaysWhole() throws Exception {
    var month = YearMonth.from(Instant.now().atOffset(ZoneOffset.UTC));
    now = month.atDay(1).atStartOfDay().toInstant(ZoneOffset.UTC).plusSeconds(5);
    try (var ledger = new PgLedger("probe", box.dataSource(), clock)) {
      ledger.append(entry("j1"));
      ledger.append(entry("j2"));
      now = month.plusMonths(1).atDay(1).atStartOfDay().toInstant(ZoneOffset.UTC).plusSeconds(5);
      ledger.append(entry("j3"));
    }
    checkpoints().sign();

    assertThatThrownBy(() ->
            onOwner(
                connection -> new LedgerOwner(connection).drop(month.plusMonths(1), checkpoints())))
        .hasMessageContaining("drop the oldest first");
    long dropped = onOwner(connection -> new LedgerOwner(connection).drop(month, checkpoints()));

    assertThat(dropped).isEqualTo(2);
    assertThat(reader().recent(10)).extracting(LedgerRecord::jti).containsExactly("j3");
    assertThat(reader().breaks()).isEmpty();
    List<String> export = exported();
    assertThat(check(export).breaks()).isEmpty();
    export.removeIf(line -> line.startsWith("{\"writer\""));
    assertThat(check(export).breaks()).singleElement().asString().contains("entry 3 is missing");
    run("SELECT ledger.make_months(3)");
  }

  @Test
  void findsWhatHappenedByApprovalLeaseLoginAndPerson() {
    try (var ledger = new PgLedger("probe", box.dataSource(), clock)) {
      ledger.append(entry("j1"));
      var lease = StrictJson.object().put("lease_id", "verify-rar/1").put("user", "cs_0001");
      ledger.append(new LedgerEntry(LedgerEvent.LEASE_MINTED, "j1", PERSON, lease));
      var approval = StrictJson.object().put("approval_id", "a-1");
      ledger.append(new LedgerEntry(LedgerEvent.APPROVAL_GIVEN, "j2", PERSON, approval));
    }

    assertThat(reader().jtis("j1")).containsExactly("j1");
    assertThat(reader().jtis("verify-rar/1")).containsExactly("j1");
    assertThat(reader().jtis("cs_0001")).containsExactly("j1");
    assertThat(reader().jtis("a-1")).containsExactly("j2");
    assertThat(reader().jtis("nothing")).isEmpty();
    assertThat(reader().jtisOf(PERSON, 10)).containsExactlyInAnyOrder("j1", "j2");
  }

  // ------------------------------------------------------------------------------------- helpers

  /// The breaks of an export of eight entries and two checkpoints that somebody changed.
  private List<String> broken(Consumer<List<String>> change) throws IOException {
    run("DELETE FROM ledger.entry");
    run("DELETE FROM ledger.checkpoint");
    List<String> lines = twoCheckpoints();
    change.accept(lines);
    return check(lines).breaks();
  }

  private List<String> twoCheckpoints() {
    run("DELETE FROM ledger.entry");
    run("DELETE FROM ledger.checkpoint");
    try (var ledger = new PgLedger("probe", box.dataSource(), clock)) {
      for (int i = 1; i <= 8; i++) {
        ledger.append(entry("j" + i));
        if (i % 4 == 0) {
          assertThat(checkpoints().sign()).isPresent();
        }
      }
    }
    assertThat(checkpoints().sign()).as("nothing went on").isEmpty();
    return exported();
  }

  /// Changes an entry and gives it and all after it up to the first checkpoint fitting hashes.
  private static void rewriteFrom(List<String> lines, int seq) {
    String previous = hash(lines.get(at(lines, seq - 1)));
    for (int number = seq; number <= 8; number++) {
      int place = at(lines, number);
      String line = lines.get(place).replace("\"jti\":\"j3\"", "\"jti\":\"j9\"");
      String body = line.substring(0, line.indexOf("\",\"hash\":\"") + 1);
      previous =
          number > 4 ? hash(line) : ChainLine.hash(previous, body.getBytes(StandardCharsets.UTF_8));
      lines.set(place, body + ",\"hash\":\"" + previous + "\"}");
      if (number == 4) {
        lines.subList(place + 1, lines.size()).clear();
        lines.remove(2);
        return;
      }
    }
  }

  private static String hash(String line) {
    return line.substring(line.length() - 66, line.length() - 2);
  }

  private static int at(List<String> lines, int seq) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains("\"seq\":" + seq + ",")) {
        return i;
      }
    }
    throw new IllegalStateException("no such entry");
  }

  private List<String> exported() {
    var lines = new ArrayList<String>();
    new PgExport(auditor.dataSource()).write(KeyFiles.publicSet(List.of(KEY)), true, lines::add);
    return lines;
  }

  private static ExportCheck.Result check(List<String> lines) throws IOException {
    return new ExportCheck(_ -> KEYS).check(stream(lines));
  }

  private static ByteArrayInputStream stream(List<String> lines) {
    return new ByteArrayInputStream(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
  }

  private Checkpoints checkpoints() {
    return new Checkpoints(auditor.dataSource(), new JwtSigner(KEY), KEYS, clock);
  }

  private static PgLedgerReader reader() {
    return new PgLedgerReader(auditor.dataSource(), KEYS);
  }

  private static LedgerEntry entry(String jti) {
    var data = StrictJson.object().put("amount", 8000).put("outcome", "permit");
    data.putArray("matches")
        .addObject()
        .put("rule", "within-limit")
        .put("values", "refund-limit-9");
    return new LedgerEntry(LedgerEvent.EXCHANGE_PERMITTED, jti, PERSON, data);
  }

  private static Database login() {
    var login = STATE.settings(StateDatabase.NAME, "countersign_probe");
    STATE.execute(
        STATE.superuser().database(StateDatabase.NAME),
        "GRANT CONNECT ON DATABASE countersign TO countersign_probe");
    return Database.open("probe", login, 4);
  }

  private static <T> T onOwner(Database.Work<T> work) throws SQLException {
    return owner.query(work);
  }

  private static void run(String sql) {
    owner.query(connection -> {
      try (var statement = connection.createStatement()) {
        return statement.execute(sql);
      }
    });
  }
}
