package dev.countersign.broker.box;

import static dev.countersign.broker.box.Refunds.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.TestState;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Setting a database up as its owner, who is no superuser, as on a managed service.
class OwnerSetUpTest {
  private final TestState postgres = TestState.shared();
  private final String suffix = Ids.base62(8).toLowerCase(Locale.ROOT);
  private final SqlName mint = new SqlName("mint_" + suffix);
  private final SqlName group = new SqlName("readers_" + suffix);
  private final DatabaseSettings superuser = postgres.createDatabase("managed_" + suffix);
  private final DatabaseSettings owner = postgres.settings("managed_" + suffix, "dba_" + suffix);
  private final InitTarget.Plan plan =
      new InitTarget.Plan(
          mint, new Secret("mint-password"), Set.of(group), Set.of(new SqlName("dba_" + suffix)));

  @BeforeEach
  void giveItsOwner() throws SQLException {
    // The service's own administrator made the target owner for other databases of this server.
    as(superuser, "ALTER ROLE " + owner.user() + " CREATEROLE");
    as(superuser, "ALTER DATABASE managed_" + suffix + " OWNER TO " + owner.user());
    as(
        superuser,
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'countersign_target_owner')"
            + " THEN GRANT countersign_target_owner TO "
            + owner.user()
            + " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; END IF; END $$");
  }

  private static void as(DatabaseSettings user, String sql) throws SQLException {
    try (var connection = Refunds.connect(user)) {
      run(connection, sql);
    }
  }

  private String ask(String sql) throws SQLException {
    try (var connection = Refunds.connect(superuser)) {
      return Refunds.ask(connection, sql);
    }
  }

  @Test
  void needsNoSuperuserAndSaysWhatStaysOpen() throws SQLException {
    assertThat(InitTarget.run(owner, plan))
        .singleElement()
        .asString()
        .contains("large objects", "allow: [large-objects]");

    assertThat(ask("SELECT has_database_privilege('public', current_database(), 'TEMPORARY')"))
        .isEqualTo("f");
    assertThat(
            ask(
                "SELECT string_agg(DISTINCT r.rolname, ',') FROM pg_proc p"
                    + " JOIN pg_roles r ON r.oid = p.proowner"
                    + " WHERE pronamespace = 'countersign'::regnamespace"))
        .isEqualTo("countersign_target_owner");
    assertThat(ask("SELECT has_schema_privilege('" + group.text() + "', 'countersign', 'USAGE')"))
        .isEqualTo("t");
  }

  @Test
  void leavesWhoRanItWithoutARightOfTheSchemasOwner() throws SQLException {
    InitTarget.run(owner, plan);

    assertThat(ask("SELECT pg_has_role('" + owner.user() + "', 'countersign_target_owner', 'SET')"))
        .isEqualTo("f");
    assertThatThrownBy(() -> as(owner, "SELECT * FROM countersign.approved_request"))
        .hasMessageContaining("permission denied");
    assertThatThrownBy(() -> as(owner, "DROP FUNCTION countersign.request() CASCADE"))
        .hasMessageContaining("must be owner");
  }

  @Test
  void isTheSameTheSecondTime() throws SQLException {
    InitTarget.run(owner, plan);
    String before = catalog();

    InitTarget.run(owner, plan);

    assertThat(catalog()).isEqualTo(before);
  }

  private String catalog() throws SQLException {
    return ask(
        "SELECT concat_ws(';',"
            + "(SELECT string_agg(proname || proacl::text, ',' ORDER BY proname) FROM pg_proc"
            + "  WHERE pronamespace = 'countersign'::regnamespace),"
            + "(SELECT relacl::text FROM pg_class WHERE oid = 'countersign.approved_request'::regclass),"
            + "(SELECT string_agg(m::text, ',' ORDER BY m.oid) FROM pg_auth_members m),"
            + "(SELECT datacl::text FROM pg_database WHERE datname = current_database()))");
  }

  @Test
  void givesTheBrokersLoginNothingOfItsGroups() throws SQLException {
    InitTarget.run(owner, plan);

    assertThat(ask("SELECT pg_has_role('" + mint.text() + "', '" + group.text() + "', 'USAGE')"))
        .isEqualTo("f");
    assertThat(ask("SELECT pg_has_role('" + mint.text() + "', '" + group.text() + "', 'SET')"))
        .isEqualTo("f");
    assertThat(
            ask(
                "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolinherit FROM pg_roles"
                    + " WHERE rolname = '"
                    + mint.text()
                    + "'"))
        .isEqualTo("f");
  }

  @Test
  void refusesASchemaThatSomebodyPutThereBefore() throws SQLException {
    as(owner, "CREATE SCHEMA countersign");

    assertThatThrownBy(() -> InitTarget.run(owner, plan))
        .hasMessageContaining("schema countersign exists and does not belong to");
    assertThat(ask("SELECT count(*) FROM pg_roles WHERE rolname = '" + mint.text() + "'"))
        .isEqualTo("0");
  }

  @Test
  void saysWhatALoginWithoutRightsLacks() throws SQLException {
    as(superuser, "ALTER ROLE " + owner.user() + " NOCREATEROLE");

    assertThatThrownBy(() -> InitTarget.run(owner, plan))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("PostgreSQL refuses this to " + owner.user())
        .hasMessageContaining("owner with CREATEROLE");
  }

  @Test
  void refusesToLeaveTemporaryTablesToEverybody() throws SQLException {
    as(superuser, "ALTER DATABASE managed_" + suffix + " OWNER TO postgres");
    as(superuser, "GRANT CREATE ON DATABASE managed_" + suffix + " TO " + owner.user());

    assertThatThrownBy(() -> InitTarget.run(owner, plan))
        .hasMessageContaining("run init-db as the owner");
  }
}
