package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.TestState;
import dev.countersign.gateway.postgres.PgStatements;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Work;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// A kill during a call whose login is of a Vault of your own: the call is cut off. The statement
/// waits for a lock, so that the kill always finds it at work.
class SessionGuardTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Secret PASSWORD = new Secret("a-login-for-this-test-only");
  private static final String REFUND =
      "{\"case_id\":\"R-1\",\"amount_cents\":1,\"currency\":\"USD\"}";

  @SuppressWarnings("NullAway.Init")
  private static DatabaseSettings database;

  private final List<Lease> revoked = new CopyOnWriteArrayList<>();
  private final AtomicInteger questions = new AtomicInteger();

  @SuppressWarnings("NullAway.Init")
  private Connection blocker;

  @BeforeAll
  static void prepare() {
    database = TestState.shared().createDatabase("session_guard");
    TestState.shared()
        .execute(
            database,
            """
            CREATE TABLE cases (case_id text PRIMARY KEY, customer text NOT NULL);
            INSERT INTO cases VALUES ('R-1', 'Ines');
            CREATE TABLE refunds (case_id text, amount bigint, currency text);
            CREATE ROLE guarded LOGIN PASSWORD '%s';
            GRANT SELECT ON cases TO guarded;
            GRANT SELECT, INSERT ON refunds TO guarded;
            """
                .formatted(PASSWORD.reveal()));
  }

  @BeforeEach
  void lock() throws SQLException {
    blocker = Database.connect(database);
    blocker.setAutoCommit(false);
    try (var statement = blocker.createStatement()) {
      statement.execute("LOCK TABLE cases, refunds IN ACCESS EXCLUSIVE MODE");
    }
  }

  @AfterEach
  void unlock() throws SQLException {
    blocker.close();
  }

  @Test
  void aKillCutsAReadOffAndItsLoginIsRevoked() {
    CallResult result =
        call("find_case", "{\"case_id\":\"R-1\"}", token(), foreign(), this::isWaiting);

    assertThat(result)
        .isInstanceOfSatisfying(
            CallResult.Denied.class,
            denied -> {
              assertThat(denied.code()).isEqualTo("session_ended");
              assertThat(denied.trace().revoked()).isTrue();
            });
    assertThat(revoked).hasSize(1);
    await(() -> !isConnected());
  }

  @Test
  void aKillCutsAWriteOffAndNothingIsWritten() throws SQLException {
    CallResult result = call("process_refund", REFUND, token(), foreign(), this::isWaiting);
    blocker.rollback();
    await(() -> !isConnected());

    assertThat(result).isInstanceOf(CallResult.Denied.class);
    assertThat(count("SELECT count(*) FROM refunds")).isZero();
  }

  @Test
  void letsACallRunToItsEndWhileThePersonIsIn() throws SQLException {
    CallResult result =
        call(
            "find_case",
            "{\"case_id\":\"R-1\"}",
            token(),
            foreign(),
            () -> {
              if (isWaiting()) {
                release();
              }
              return false;
            });

    assertThat(result).isInstanceOf(CallResult.Completed.class);
    assertThat(questions).hasPositiveValue();
  }

  @Test
  void asksNobodyAboutALoginThatOurOwnBrokerEnds() throws SQLException {
    blocker.rollback();
    CallResult result =
        call("find_case", "{\"case_id\":\"R-1\"}", token(), Optional.empty(), () -> true);

    assertThat(result).isInstanceOf(CallResult.Completed.class);
    assertThat(questions).hasValue(0);
  }

  @Test
  void asksNobodyAboutATokenWhoseHolderAloneCanProveIt() throws SQLException {
    blocker.rollback();
    Secret bound = token(claims -> claims.putObject("cnf").put("jkt", "x"));
    CallResult result = call("find_case", "{\"case_id\":\"R-1\"}", bound, foreign(), () -> true);

    assertThat(result).isInstanceOf(CallResult.Completed.class);
    assertThat(questions).hasValue(0);
  }

  @Test
  void aKillBeforeTheConnectionIsThereStopsItAtOnce() {
    var cut = new Cut();
    var stopped = new AtomicInteger();
    cut.now();
    cut.arm(stopped::incrementAndGet);
    cut.now();

    assertThat(stopped).hasValue(1);
    assertThat(cut.isDone()).isTrue();
  }

  private static Optional<Secret> foreign() {
    return Optional.of(new Secret("hvs.session"));
  }

  private static Secret token() {
    return token(_ -> {});
  }

  private static Secret token(Consumer<ObjectNode> change) {
    ObjectNode claims =
        StrictJson.object().put("jti", "j").put("exp", CLOCK.instant().getEpochSecond() + 300);
    change.accept(claims);
    return new Secret(new JwtSigner(KeyFiles.newEc()).sign("at+jwt", claims));
  }

  /// Makes the call; `ended` answers the question whether the person is out.
  private CallResult call(
      String name, String arguments, Secret token, Optional<Secret> holder, Answer ended) {
    Tool tool = Stage.tools().find(name).orElseThrow();
    var broker =
        new CredentialBroker() {
          @Override
          public MintResult mint(String role, Secret shown) {
            return new MintResult.Minted(new Lease("lease", "guarded", PASSWORD, holder));
          }

          @Override
          public boolean revoke(Lease lease) {
            return revoked.add(lease);
          }
        };
    SessionWatch sessions =
        shown -> {
          questions.incrementAndGet();
          return shown.equals(token) && ended.isEnded();
        };
    var calls =
        new StatementCall(
            broker,
            new PgStatements(Map.of("refunds", database.url()), (_, _) -> {}),
            new SessionGuard(sessions, Duration.ofMillis(20), CLOCK));
    var caller =
        new Caller.Agent(
            "entra|oid-maya",
            "agent",
            "j",
            tool.details(StrictJson.parseObject(arguments)),
            TypeVersions.FIRST_OF_ALL,
            token);
    var entry = new CallEntry(_ -> {}, caller, tool);
    entry.join("j");
    return CompletableFuture.supplyAsync(() ->
            calls.run(
                new GrantedCall(
                    tool,
                    StrictJson.parseObject(arguments),
                    token,
                    entry,
                    new Cancellation(),
                    Progress.UNHEARD),
                (Work.Sql) tool.work()))
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }

  private interface Answer {
    boolean isEnded();
  }

  private void release() {
    try {
      blocker.rollback();
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private boolean isWaiting() {
    return count(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'guarded'"
                + " AND wait_event_type = 'Lock'")
        > 0;
  }

  private static boolean isConnected() {
    return count("SELECT count(*) FROM pg_stat_activity WHERE usename = 'guarded'") > 0;
  }

  private static void await(Answer condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.isEnded()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private static long count(String sql) {
    try (Connection connection = Database.connect(database);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }
}
