package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.ask;
import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.Counterparts;
import dev.countersign.box.postgres.OtherPostgres;
import dev.countersign.broker.BrokerConfig.Allowance;
import dev.countersign.broker.UnsafeTargetException;
import dev.countersign.broker.box.Refunds.Login;
import java.io.IOException;
import java.sql.SQLException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every supported PostgreSQL, set up by the database's owner who is no superuser: the last mile is
/// the same.
class OtherVersionsTest {
  private static final String REFUND =
      "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES ('%s', %d, 'USD')";

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17})
  void mintsOneApprovedRefundAndLeavesNothing(int version) throws IOException, SQLException {
    try (var postgres = OtherPostgres.start(Counterparts.postgres(version));
        var refunds = managed(postgres, version)) {
      refunds.start();
      Login login = refunds.login(Refunds.refund(Refunds.CASE, 8000));
      Login reader = refunds.login(Refunds.findCase("R-884-2234"));
      try (var connection = refunds.connect(login)) {
        for (String other :
            new String[] {
              REFUND.formatted(Refunds.CASE, 8001),
              REFUND.formatted("R-884-2234", 8000),
              "UPDATE refunds.cases SET paid = 1",
              "SELECT * FROM refunds.customers",
              "SELECT * FROM countersign.approved_request",
              "CREATE TEMPORARY TABLE mine (a int)",
              "SET ROLE refunds_owner",
              "SET ROLE " + reader.user(),
              "GRANT refunds_owner TO " + login.user(),
            }) {
          assertThatThrownBy(() -> run(connection, other))
              .as(other)
              .isInstanceOf(SQLException.class);
        }
        run(connection, "SET search_path = public, pg_temp");
        assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
            .isEqualTo(Refunds.CASE);
        run(connection, REFUND.formatted(Refunds.CASE, 8000));
        assertThatThrownBy(() -> run(connection, REFUND.formatted(Refunds.CASE, 8000)))
            .hasMessageContaining("used before");
      }
      try (var connection = refunds.connect(reader)) {
        assertThat(ask(connection, "SELECT string_agg(case_id, ',') FROM refunds.cases"))
            .isEqualTo("R-884-2234");
        // A managed service leaves large objects to PUBLIC; what a login made goes with it.
        ask(connection, "SELECT lo_create(0)");
        connection.setAutoCommit(false);
        ask(connection, "SELECT 1");

        assertThat(refunds.revoke(reader.lease(), "gateway").status()).isEqualTo(204);

        assertThat(connection.isValid(1)).isFalse();
      }
      assertThat(refunds.revoke(login.lease(), "gateway").status()).isEqualTo(204);
      assertThat(refunds.leftOvers()).isZero();
      assertThat(refunds.ask("SELECT count(*) FROM pg_largeobject_metadata")).isEqualTo("0");
    }
  }

  private static Refunds managed(OtherPostgres postgres, int version) {
    var refunds = new Refunds(postgres.superuser(), true);
    return version < 16
        ? refunds.allowing(Allowance.LARGE_OBJECTS, Allowance.POSTGRES_15)
        : refunds.allowing(Allowance.LARGE_OBJECTS);
  }

  @Test
  void refusesAManagedServiceOrAnOldVersionThatNobodyAllowed() throws IOException {
    try (var postgres = OtherPostgres.start(Counterparts.postgres(15));
        var refunds = new Refunds(postgres.superuser(), true)) {
      assertThatThrownBy(refunds::start)
          .isInstanceOf(UnsafeTargetException.class)
          .hasMessageContaining("postgres-15");
      refunds.allowing(Allowance.POSTGRES_15);
      assertThatThrownBy(refunds::start)
          .isInstanceOf(UnsafeTargetException.class)
          .hasMessageContaining("large-objects");
    }
  }
}
