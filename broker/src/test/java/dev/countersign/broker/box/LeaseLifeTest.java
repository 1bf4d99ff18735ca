package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.TestState;
import dev.countersign.broker.Engine;
import dev.countersign.broker.Grant;
import dev.countersign.broker.Lease;
import dev.countersign.broker.MintLimits;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient.Answer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// How leases end: given back, revoked with their person, expired, cut short by a crash. Whatever
/// happens, nothing is left.
class LeaseLifeTest {
  private static final ObjectNode REFUND = Refunds.refund(Refunds.CASE, 8000);
  private static final String APPROVED =
      "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('R-884-2233', 8000, 'USD')";

  private static final Faults FAULTS = new Faults();

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  private final String transaction = Ids.random();

  @BeforeAll
  static void start() {
    refunds = new Refunds().around(FAULTS::around).limits(new MintLimits(50, 2_000, 3));
    refunds.start();
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @AfterEach
  void nothingIsLeft() {
    try {
      assertThat(refunds.leftOvers()).isZero();
      assertThat(refunds.broker().sweeper().orphans()).isZero();
      assertThat(refunds.broker().sweeper().overdue()).isZero();
    } finally {
      FAULTS.mend();
      refunds.pass(Duration.ofMinutes(10));
      refunds.broker().sweeper().sweep();
      refunds.ledger.clear();
    }
  }

  private List<String> causes() {
    return refunds.entries(LedgerEvent.LEASE_REVOKED).stream()
        .map(entry -> entry.data().path("cause").stringValue())
        .toList();
  }

  private void sweep() {
    refunds.broker().sweeper().sweep();
  }

  @Test
  void isGoneWhenTheAnswerToARevocationComes() {
    ObjectNode claims = refunds.claims(REFUND);
    Login login = Login.of(refunds.mint(refunds.sign(claims)));
    Answer answer = refunds.revoke(login.lease(), "gateway");

    assertThat(answer.status()).isEqualTo(204);
    assertThat(refunds.exists(login)).isFalse();
    assertThatThrownBy(() -> refunds.connect(login)).isInstanceOf(SQLException.class);
    LedgerEntry entry = refunds.entries(LedgerEvent.LEASE_REVOKED).getFirst();
    assertThat(entry.jti()).isEqualTo(claims.path("jti").stringValue());
    assertThat(causes()).containsExactly("call_finished");
  }

  @Test
  void endsOpenConnectionsAndWhatTheyHaveNotCommitted() throws SQLException {
    Login login = refunds.login(REFUND);
    try (var connection = refunds.connect(login)) {
      connection.setAutoCommit(false);
      run(connection, APPROVED);

      assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);

      assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
    }
    assertThat(refunds.ask("SELECT count(*) FROM refunds.refunds")).isEqualTo("0");
  }

  @Test
  void H07_endsALoginThatHoldsALockOnItself() throws SQLException {
    Login login = refunds.login(REFUND);
    try (var connection = refunds.connect(login)) {
      connection.setAutoCommit(false);
      run(connection, "ALTER ROLE " + login.user() + " PASSWORD 'mine'");

      assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);

      assertThat(connection.isValid(1)).isFalse();
    }
  }

  @Test
  void H07_dropsALoginThatOwnsALargeObject() throws SQLException {
    Login login = refunds.login(REFUND);
    asSuperuser(refunds.owner, "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC");
    try (var connection = refunds.connect(login)) {
      ask(connection, "SELECT lo_create(0)");
    } finally {
      asSuperuser(refunds.owner, "REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM PUBLIC");
    }

    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
    assertThat(refunds.ask("SELECT count(*) FROM pg_largeobject_metadata")).isEqualTo("0");
  }

  @Test
  void H07_dropsALoginThatOwnsSomethingInAnotherDatabase() throws SQLException {
    Login login = refunds.login(REFUND);
    DatabaseSettings elsewhere = TestState.shared().createDatabase("somewhere_else");
    try (var connection = Refunds.connect(elsewhere.as(login.user(), login.password()))) {
      ask(connection, "SELECT lo_create(0)");
    }

    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
  }

  private static void asSuperuser(DatabaseSettings owner, String sql) throws SQLException {
    try (var connection = Refunds.connect(owner)) {
      run(connection, sql);
    }
  }

  @Test
  void H07_endsALoginThatKeepsChangingItself() throws Exception {
    Login login = refunds.login(REFUND);
    try (var connection = refunds.connect(login);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var changes =
          threads.submit(() -> {
            while (true) {
              run(connection, "ALTER ROLE " + login.user() + " PASSWORD 'mine'");
            }
          });

      assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);

      assertThatThrownBy(changes::get).hasCauseInstanceOf(SQLException.class);
    }
  }

  @Test
  void H07_retriesUntilADatabaseThatWasAwayIsBack() {
    Login login = refunds.login(REFUND);
    FAULTS.dropFails = true;

    Answer answer = refunds.revoke(login.lease(), "gateway");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(refunds.broker().sweeper().overdue()).isOne();
    sweep();
    assertThat(refunds.exists(login)).isTrue();

    FAULTS.dropFails = false;
    refunds.pass(Duration.ofSeconds(61));
    sweep();
    assertThat(refunds.exists(login)).isFalse();
    assertThat(refunds.broker().sweeper().overdue()).isZero();
    assertThat(causes()).containsExactly("call_finished");
  }

  @Test
  void H07_mintsNothingWhileTooMuchIsOwedAndSaysSo() {
    var owed = new ArrayList<Login>();
    for (int i = 0; i < 3; i++) {
      owed.add(refunds.login(REFUND));
    }
    FAULTS.dropFails = true;
    owed.forEach(
        login -> assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(503));

    Answer refused = refunds.mint(refunds.token(REFUND));

    assertThat(refused.status()).isEqualTo(429);
    assertThat(refunds.refusal()).isEqualTo("over_limit");
    assertThat(health()).contains("\"leases\":\"down\"");
    assertThat(refunds.send("GET", "/metrics", Map.of(), null).text())
        .contains("countersign_leases_overdue 3.0");

    FAULTS.dropFails = false;
    refunds.pass(Duration.ofSeconds(61));
    sweep();
    assertThat(health()).contains("\"leases\":\"up\"");
    Login after = refunds.login(REFUND);
    refunds.revoke(after.lease(), "gateway");
  }

  private static String health() {
    return refunds.send("GET", "/readyz", Map.of(), null).text();
  }

  @Test
  void H07_triesADatabaseThatIsAwayOnceASweepHoweverMuchIsOwedThere() {
    for (int i = 0; i < 6; i++) {
      refunds.login(REFUND);
    }
    FAULTS.failures.set(0);
    FAULTS.dropFails = true;
    refunds.pass(Duration.ofMinutes(6));

    sweep();
    sweep();
    // The broker's own sweeper may have been at it at the same moment.
    assertThat(FAULTS.failures.get()).isBetween(1, 2);

    FAULTS.dropFails = false;
    refunds.pass(Duration.ofSeconds(61));
    sweep();
    assertThat(causes()).hasSize(6).containsOnly("expired");
  }

  @Test
  void H09_refusesToRevokeTheLeaseOfAnotherPresenter() {
    Login login = refunds.login(REFUND);

    assertThat(refunds.revoke(login.lease(), "other").status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_allowed");
    assertThat(refunds.exists(login)).isTrue();
    assertThat(refunds.revoke(login.lease(), "nobody").status()).isEqualTo(403);
    assertThat(refunds.exists(login)).isTrue();

    refunds.revoke(login.lease(), "gateway");
  }

  @Test
  void answersLikeVaultForALeaseThatIsUnknownOrEnded() {
    Login login = refunds.login(REFUND);

    assertThat(refunds.revoke("verify-rar/creds/refunds/none", "gateway").status()).isEqualTo(204);
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
    assertThat(causes()).hasSize(1);
  }

  @Test
  void mayBeRevokedAfterTheTokenExpired() {
    Login login = refunds.login(REFUND);
    refunds.pass(Duration.ofMinutes(4));

    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
  }

  @Test
  void H08_endsWithItsTime() throws SQLException {
    Login login = refunds.login(REFUND);
    try (var connection = refunds.connect(login)) {
      refunds.pass(Duration.ofSeconds(299));
      sweep();
      assertThat(connection.isValid(1)).isTrue();

      refunds.pass(Duration.ofSeconds(1));
      sweep();
      assertThat(connection.isValid(1)).isFalse();
    }
    assertThat(causes()).containsExactly("expired");
  }

  @Test
  void H08_endsWithItsPerson() throws SQLException {
    Login first = refunds.login(REFUND);
    Login second = refunds.login(Refunds.findCase(Refunds.CASE));
    ObjectNode others = refunds.claims(REFUND).put("sub", "okta|00u1lena0000000000a1");
    Login other = Login.of(refunds.mint(refunds.sign(others)));
    try (var connection = refunds.connect(first)) {
      Answer answer = refunds.revokeSubject(Refunds.MAYA, transaction, "receiver");

      assertThat(answer.status()).isEqualTo(200);
      assertThat(StrictJson.parseObject(answer.body()).path("data").path("revoked").intValue())
          .isEqualTo(2);
      assertThat(connection.isValid(1)).isFalse();
    }
    assertThat(refunds.exists(second)).isFalse();
    assertThat(refunds.exists(other)).isTrue();
    assertThat(causes()).containsExactly("subject_revoked", "subject_revoked");
    assertThat(refunds.entries(LedgerEvent.LEASE_REVOKED))
        .allSatisfy(
            entry -> assertThat(entry.data().path("txn").stringValue()).isEqualTo(transaction));
    refunds.revoke(other.lease(), "gateway");
  }

  @Test
  void H08_refusesTokensFromBeforeTheKillAndAcceptsThoseFromAfter() {
    String before = refunds.token(REFUND);
    refunds.revokeSubject(Refunds.MAYA, transaction, "receiver");

    assertThat(refunds.mint(before).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("subject_revoked");

    refunds.pass(Duration.ofSeconds(1));
    refunds.revokeSubject(Refunds.MAYA, transaction, "receiver");
    Login after = refunds.login(REFUND);
    refunds.revoke(after.lease(), "gateway");
  }

  @Test
  void H08_handsNothingOutWhenTheKillComesDuringTheMint() {
    FAULTS.beforeAnswer =
        () -> {
          FAULTS.beforeAnswer = () -> {};
          refunds.revokeSubject(Refunds.MAYA, transaction, "receiver");
        };

    Answer answer = refunds.mint(refunds.token(REFUND));

    assertThat(answer.status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("subject_revoked");
  }

  @Test
  void H08_handsNothingOutWhenTheKillComesBeforeTheLoginExists() {
    FAULTS.beforeCreate =
        () -> {
          FAULTS.beforeCreate = () -> {};
          refunds.revokeSubject(Refunds.MAYA, transaction, "receiver");
        };

    assertThat(refunds.mint(refunds.token(REFUND)).status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("subject_revoked");
  }

  @Test
  void letsOnlyTheReceiverRevokeAPerson() {
    Login login = refunds.login(REFUND);

    assertThat(refunds.revokeSubject(Refunds.MAYA, transaction, "gateway").status()).isEqualTo(403);
    assertThat(refunds.refusal()).isEqualTo("presenter_not_allowed");
    assertThat(refunds.exists(login)).isTrue();

    refunds.revoke(login.lease(), "gateway");
  }

  @Test
  void H06_cleansUpAfterACrashBetweenJournalAndLogin() {
    FAULTS.beforeCreate = Faults.CRASH;
    String token = refunds.token(REFUND);
    assertThat(refunds.mint(token).status()).isEqualTo(500);
    FAULTS.beforeCreate = () -> {};
    refunds.stop();
    refunds.start();

    assertThat(refunds.mint(token).status()).isEqualTo(403);
    refunds.pass(Duration.ofSeconds(31));
    sweep();

    assertThat(causes()).containsExactly("unfinished");
  }

  @Test
  void H06_cleansUpAfterACrashBetweenLoginAndAnswer() {
    FAULTS.beforeAnswer = Faults.CRASH;
    assertThat(refunds.mint(refunds.token(REFUND)).status()).isEqualTo(500);
    FAULTS.beforeAnswer = () -> {};
    refunds.stop();
    assertThat(refunds.leftOvers()).isPositive();

    refunds.pass(Duration.ofSeconds(31));
    refunds.start();

    assertThat(refunds.leftOvers()).isZero();
    assertThat(causes()).containsExactly("unfinished");
  }

  @Test
  void H06_cleansUpAfterACrashDuringTheRevocation() {
    Login login = refunds.login(REFUND);
    FAULTS.beforeDrop = Faults.CRASH;
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(500);
    FAULTS.beforeDrop = () -> {};
    assertThat(refunds.exists(login)).isTrue();
    refunds.stop();

    refunds.start();

    assertThat(refunds.exists(login)).isFalse();
    assertThat(causes()).containsExactly("call_finished");
  }

  @Test
  void H06_cleansUpAfterACrashBetweenDropAndJournal() {
    Login login = refunds.login(REFUND);
    FAULTS.afterDrop = Faults.CRASH;
    assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(500);
    FAULTS.afterDrop = () -> {};
    refunds.stop();

    refunds.start();

    assertThat(refunds.exists(login)).isFalse();
    assertThat(causes()).containsExactly("call_finished");
  }

  @Test
  void H06_dropsALoginThatNoLeaseAccountsFor() throws SQLException {
    String orphan = SqlName.minted().text();
    try (var connection = Refunds.connect(refunds.mintLogin)) {
      run(connection, "CREATE ROLE " + orphan + " LOGIN IN ROLE refunds_write");
    }
    assertThat(refunds.broker().sweeper().orphans()).isOne();

    sweep();

    assertThat(refunds.broker().sweeper().orphans()).isZero();
    assertThat(causes()).containsExactly("orphan");
  }

  @Test
  void leavesLoginsAloneThatAnotherBrokerMade() {
    try (var second = Refunds.started()) {
      Login theirs = second.login(REFUND);
      sweep();

      assertThat(second.exists(theirs)).isTrue();
      assertThat(refunds.broker().sweeper().orphans()).isZero();
      second.revoke(theirs.lease(), "gateway");
    }
  }

  @Test
  void makesBothTheLoginAndItsRequestOrNeither() throws SQLException {
    asSuperuser(
        refunds.owner, "REVOKE INSERT ON countersign.approved_request FROM " + refunds.mint.text());

    Answer answer = refunds.mint(refunds.token(REFUND));

    assertThat(answer.status()).isEqualTo(500);
    asSuperuser(
        refunds.owner, "GRANT INSERT ON countersign.approved_request TO " + refunds.mint.text());
  }

  @Test
  void H13_mintsInParallelWithoutErrorAndLeavesNothing() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var calls = new ArrayList<Future<List<Integer>>>();
      for (int i = 0; i < 16; i++) {
        calls.add(
            threads.submit(() -> {
              var statuses = new ArrayList<Integer>();
              for (int cycle = 0; cycle < 8; cycle++) {
                Answer minted = refunds.mint(refunds.token(REFUND));
                statuses.add(minted.status());
                statuses.add(refunds.revoke(Login.of(minted).lease(), "gateway").status());
              }
              return statuses;
            }));
      }
      for (Future<List<Integer>> call : calls) {
        assertThat(call.get()).containsOnly(200, 204);
      }
    }
    assertThat(refunds.entries(LedgerEvent.LEASE_MINTED)).hasSize(128);
    assertThat(refunds.entries(LedgerEvent.LEASE_REVOKED)).hasSize(128);
  }

  @Test
  void H04_givesParallelMintsOfOneTokenOneLease() throws Exception {
    String token = refunds.token(REFUND);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var calls = new ArrayList<Future<Answer>>();
      for (int i = 0; i < 8; i++) {
        calls.add(threads.submit(() -> refunds.mint(token)));
      }
      var leases = new ArrayList<String>();
      for (Future<Answer> call : calls) {
        if (call.get().status() == 200) {
          leases.add(Login.of(call.get()).lease());
        }
      }
      assertThat(Set.copyOf(leases)).hasSize(1);
      assertThat(refunds.broker().sweeper().orphans()).isZero();
      refunds.revoke(leases.getFirst(), "gateway");
    }
  }

  /// Lets things go wrong around a real database.
  private static final class Faults {
    private volatile Runnable beforeCreate = () -> {};
    private volatile Runnable beforeAnswer = () -> {};
    private volatile Runnable beforeDrop = () -> {};
    private volatile Runnable afterDrop = () -> {};
    private volatile boolean dropFails;
    private final AtomicInteger failures = new AtomicInteger();

    /// Ends the work like a `kill -9`: nothing after it runs, clean-up included.
    static final Runnable CRASH =
        () -> {
          throw new AssertionError("crash");
        };

    void mend() {
      beforeCreate = () -> {};
      beforeAnswer = () -> {};
      beforeDrop = () -> {};
      afterDrop = () -> {};
      dropFails = false;
    }

    Engine around(Engine real) {
      return new Engine() {
        @Override
        public void ensureSafe(Set<SqlName> groups) {
          real.ensureSafe(groups);
        }

        @Override
        public Secret mint(Lease lease, Grant grant) {
          beforeCreate.run();
          Secret password = real.mint(lease, grant);
          beforeAnswer.run();
          return password;
        }

        @Override
        public Optional<Secret> changePassword(SqlName user) {
          return real.changePassword(user);
        }

        @Override
        public boolean extend(Lease lease) {
          return real.extend(lease);
        }

        @Override
        public void revoke(SqlName user) {
          if (dropFails) {
            failures.incrementAndGet();
            throw new UnavailableException("the database is away", null);
          }
          beforeDrop.run();
          real.revoke(user);
          afterDrop.run();
        }

        @Override
        public List<LoginRole> list() {
          return real.list();
        }
      };
    }
  }
}
