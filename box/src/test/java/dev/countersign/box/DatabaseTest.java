package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.Secret;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DatabaseTest {
  private static final String MIGRATIONS = "dev/countersign/box/migrations";

  private static Database database;

  @BeforeAll
  static void open() {
    database = TestState.shared().open("notes", "database_test", MIGRATIONS);
  }

  @AfterAll
  static void close() {
    database.close();
  }

  @BeforeEach
  void empty() {
    TestState.shared()
        .execute(
            TestState.shared().superuser().database("countersign"), "TRUNCATE database_test.note");
  }

  @Test
  void commitsWhenWorkReturns() {
    database.transaction(c -> insert(c, 1));
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void rollsBackWhenWorkThrows() {
    assertThatThrownBy(() ->
            database.transaction(c -> {
              insert(c, 1);
              throw new IllegalStateException("stop");
            }))
        .hasMessage("stop");
    assertThat(count()).isZero();
  }

  @Test
  void tellsADuplicateFromOtherFaults_withoutTheRow() {
    database.transaction(c -> insert(c, 7));
    assertThatThrownBy(() -> database.transaction(c -> insert(c, 7)))
        .isInstanceOfSatisfying(
            DatabaseFault.class,
            fault -> {
              assertThat(fault.isDuplicate()).isTrue();
              assertThat(String.valueOf(fault.getCause())).doesNotContain("(7)");
            });
    assertThatThrownBy(() -> database.query(c -> c.createStatement().execute("SELEC")))
        .isInstanceOfSatisfying(
            DatabaseFault.class, fault -> assertThat(fault.sqlState()).isEqualTo("42601"));
  }

  @Test
  void runsWorkAgainThatLostAgainstAnother() {
    var runs = new AtomicInteger();
    int answer =
        database.transaction(c -> {
          if (runs.incrementAndGet() < 3) {
            throw new SQLException("could not serialize access", "40001");
          }
          return insert(c, 1);
        });
    assertThat(answer).isEqualTo(1);
    assertThat(runs).hasValue(3);
  }

  @Test
  void givesUpAfterThreeRepeats() {
    var runs = new AtomicInteger();
    assertThatThrownBy(() ->
            database.transaction(_ -> {
              runs.incrementAndGet();
              throw new SQLException("deadlock detected", "40P01");
            }))
        .isInstanceOf(DatabaseFault.class);
    assertThat(runs).hasValue(4);
  }

  @Test
  void saysAwayWhenNothingListens() {
    var nowhere =
        new DatabaseSettings("jdbc:postgresql://127.0.0.1:1/none", "none", new Secret("none"));
    var limits = new Database.Limits(1, Duration.ofMillis(300), Duration.ofSeconds(1));
    try (var away = Database.open("away", nowhere, limits)) {
      assertThat(away.isUp()).isFalse();
      assertThatThrownBy(() -> away.query(c -> 1)).isInstanceOf(DatabaseAway.class);
    }
  }

  @Test
  void saysAwayWhenAllConnectionsAreTaken() {
    var settings = TestState.shared().migrated("notes", "database_test", MIGRATIONS);
    var limits = new Database.Limits(1, Duration.ofMillis(300), Duration.ofSeconds(1));
    try (var small = Database.open("small", settings, limits)) {
      assertThatThrownBy(() -> small.query(_ -> small.query(_ -> 1)))
          .isInstanceOf(DatabaseAway.class);
    }
  }

  @Test
  void endsAStatementThatTakesTooLong() {
    var settings = TestState.shared().migrated("notes", "database_test", MIGRATIONS);
    var limits = new Database.Limits(1, Duration.ofSeconds(3), Duration.ofMillis(200));
    try (var impatient = Database.open("impatient", settings, limits)) {
      assertThatThrownBy(
              () -> impatient.query(c -> c.createStatement().execute("SELECT pg_sleep(30)")))
          .isInstanceOfSatisfying(
              DatabaseFault.class, fault -> assertThat(fault.sqlState()).isEqualTo("57014"));
    }
  }

  @Test
  void changesDatabaseAndUserOfSettings() {
    var settings =
        new DatabaseSettings("jdbc:postgresql://db:5432/one?sslmode=require", "a", new Secret("b"));
    assertThat(settings.database("two").url())
        .isEqualTo("jdbc:postgresql://db:5432/two?sslmode=require");
    assertThat(settings.as("c", new Secret("d")).user()).isEqualTo("c");
    assertThat(settings.toString()).doesNotContain("=b").contains("redacted");
  }

  private static int insert(Connection connection, long id) throws SQLException {
    try (var statement = connection.prepareStatement("INSERT INTO note VALUES (?, 'x')")) {
      statement.setLong(1, id);
      return statement.executeUpdate();
    }
  }

  private static int count() {
    return database.query(c -> {
      try (var rows = c.createStatement().executeQuery("SELECT count(*) FROM note")) {
        rows.next();
        return rows.getInt(1);
      }
    });
  }
}
