package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.ledger.LedgerEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// PostgreSQL's own log joins the audit: `%u` is the login, and the ledger says which `jti` it was
/// minted for.
class ServerLogTest {
  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void logEveryStatement() throws SQLException {
    refunds = Refunds.started();
    try (var connection = Refunds.connect(refunds.owner)) {
      String database = ask(connection, "SELECT current_database()");
      run(connection, "ALTER DATABASE " + database + " SET log_statement = 'all'");
    }
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @Test
  void K06_leadsFromAJtiToEveryStatementItCausedAndToNoOther() throws Exception {
    ObjectNode mine = refunds.claims(Refunds.findCase(Refunds.CASE));
    ObjectNode other = refunds.claims(Refunds.findCase(Refunds.CASE));
    Login login = Login.of(refunds.mint(refunds.sign(mine)));
    Login stranger = Login.of(refunds.mint(refunds.sign(other)));
    try (var connection = refunds.connect(login);
        var second = refunds.connect(stranger)) {
      run(connection, "SET application_name = 'cs_0000000000000000'");
      ask(connection, "SELECT 'mine' FROM refunds.cases");
      assertThatThrownBy(() -> run(connection, "SELECT 'mine too' FROM refunds.customers"))
          .hasMessageContaining("permission denied");
      ask(second, "SELECT 'not mine' FROM refunds.cases");
    }
    refunds.revoke(login.lease(), "gateway");

    assertThat(lines(mine.path("jti").stringValue()))
        .anySatisfy(line -> assertThat(line).contains("SELECT 'mine' FROM refunds.cases"))
        .anySatisfy(line -> assertThat(line).contains("permission denied for table customers"))
        .noneSatisfy(line -> assertThat(line).contains("not mine"));
    assertThat(lines(other.path("jti").stringValue()))
        .anySatisfy(line -> assertThat(line).contains("'not mine'"))
        .noneSatisfy(line -> assertThat(line).contains("'mine'"));
  }

  /// The lines of the server's log under one `jti`, by way of the ledger.
  private static List<String> lines(String jti) throws IOException {
    String user =
        refunds.entries(LedgerEvent.LEASE_MINTED).stream()
            .filter(entry -> entry.jti().equals(jti))
            .map(entry -> entry.data().path("user").stringValue())
            .findFirst()
            .orElseThrow();
    Path log = Path.of(refunds.ask("SHOW data_directory")).resolveSibling("postgres.log");
    return Files.readAllLines(log).stream()
        .filter(line -> line.contains(" " + user + "@"))
        .toList();
  }
}
