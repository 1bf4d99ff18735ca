package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.broker.box.Refunds.Login;
import dev.countersign.broker.box.Vault.Answer;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Databases and roles written over the wire, as Vault's own clients do.
class DefinitionTest {
  private static final String CREATE =
      "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';";
  private static final String REFUND_KEY = "urn:smt:agent:refund|process_refund";

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @SuppressWarnings("NullAway.Init")
  private static Vault vault;

  private final String name = "written_" + Ids.base62(6).toLowerCase(Locale.ROOT);
  private String operator = "";

  @BeforeAll
  static void start() {
    refunds = Refunds.started();
    vault = Vault.of(refunds);
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @BeforeEach
  void logIn() {
    operator = vault.operator();
  }

  @AfterEach
  void empty() {
    refunds.pass(Duration.ofMinutes(11));
    refunds.broker().sweeper().sweep();
    refunds.ledger.clear();
    assertThat(refunds.leftOvers()).isZero();
    refunds.forgetDefinitions();
  }

  private static ObjectNode database() {
    String address = refunds.mintLogin.url().replace("jdbc:postgresql://", "");
    return StrictJson.object()
        .put("plugin_name", "postgresql-database-plugin")
        .put("connection_url", "postgresql://{{username}}:{{password}}@" + address)
        .put("username", refunds.mintLogin.user())
        .put("password", refunds.mintLogin.password().reveal())
        .put("allowed_roles", "*");
  }

  private ObjectNode role() {
    ObjectNode role =
        StrictJson.object()
            .put("db_name", name)
            .put("audience", Refunds.GATEWAY)
            .put("plain_bearer", true)
            .put("default_ttl", "2m")
            .put("max_ttl", 300);
    role.putArray("creation_statements").add(CREATE);
    role.putObject("rar_mappings")
        .putObject(REFUND_KEY)
        .putArray("grants")
        .add("GRANT refunds_write TO \"{{name}}\"");
    return role;
  }

  private Answer write(String path, ObjectNode body) {
    return vault.put(path + "/" + name, operator, body);
  }

  private static Answer mint(Vault at, String role, ObjectNode request) {
    return at.get("database/creds/" + role, at.login(role, refunds.token(request)).token());
  }

  @Test
  void L11_aWrittenDatabaseAndRoleMintAtOnceAndAtEveryReplica() throws SQLException {
    try (BrokerBox second = refunds.replica()) {
      assertThat(write("database/config", database()).status()).isEqualTo(204);
      assertThat(write("database/roles", role()).status()).isEqualTo(204);

      Login here = mint(vault, name, Refunds.refund(Refunds.CASE, 1)).credential();
      Login there =
          mint(new Vault(refunds, second.baseUri()), name, Refunds.refund(Refunds.CASE, 1))
              .credential();

      refunds.connect(here).close();
      refunds.connect(there).close();
      assertThat(here.lease()).startsWith("database/creds/" + name + "/");
      assertThat(refunds.entries(LedgerEvent.DEFINITION_WRITTEN)).hasSize(2);
    }
  }

  @Test
  void L12_survivesARestart() {
    write("database/config", database());
    write("database/roles", role());
    refunds.stop();
    refunds.start();
    vault = Vault.of(refunds);

    mint(vault, name, Refunds.refund(Refunds.CASE, 1)).credential();
  }

  @Test
  void tellsWhatWasWritten() {
    write("database/config", database());
    write("database/roles", role());

    ObjectNode told =
        (ObjectNode) vault.get("database/roles/" + name, operator).json().path("data");
    assertThat(told.path("default_ttl").asInt()).isEqualTo(120);
    assertThat(told.path("max_ttl").asInt()).isEqualTo(300);
    assertThat(told.path("db_name").stringValue()).isEqualTo(name);
    assertThat(told.path("creation_statements").get(0).stringValue()).isEqualTo(CREATE);
    assertThat(vault.send("LIST", "database/roles", operator, null).text())
        .contains("\"" + name + "\"", "\"refunds\"");
    assertThat(vault.get("verify-rar/roles?list=true", operator).text()).contains(name);
    assertThat(vault.get("database/roles/nowhere", operator).text()).isEqualTo("{\"errors\":[]}");
  }

  @Test
  void H12_neverTellsAPasswordAndKeepsItSealed() {
    String password = refunds.mintLogin.password().reveal();
    write("database/config", database());

    assertThat(vault.get("database/config/" + name, operator).text())
        .contains("connection_details", refunds.mintLogin.user())
        .doesNotContain(password);
    assertThat(vault.get("database/config/refunds", operator).text()).doesNotContain(password);
    assertThat(refunds.stateHolds(password)).isFalse();
    assertThat(refunds.ledger.toString()).doesNotContain(password);
  }

  @Test
  void keepsThePasswordWhereNoneIsWritten() {
    write("database/config", database());
    ObjectNode again = database().put("allowed_roles", "none");
    again.remove("password");

    assertThat(write("database/config", again).status()).isEqualTo(204);

    write("database/roles", role());
    assertThat(vault.login(name, refunds.token(Refunds.refund(Refunds.CASE, 1))).text())
        .contains("role could not be found");
  }

  @Test
  void writesAsThePluginsOwnClientsDo() {
    assertThat(vault.put("verify-rar/config/db", operator, database().put("name", name)).status())
        .isEqualTo(204);
    assertThat(vault.put("verify-rar/roles/" + name, operator, role()).status()).isEqualTo(204);

    String token = vault.login(name, refunds.token(Refunds.refund(Refunds.CASE, 1))).token();
    assertThat(
            vault.put("verify-rar/creds/" + name, token, StrictJson.object()).credential().lease())
        .startsWith("verify-rar/creds/" + name + "/");
  }

  @Test
  void H03_holdsARequestToTheWrittenConstraints() {
    write("database/config", database());
    ObjectNode role = role();
    ObjectNode mapping = (ObjectNode) role.path("rar_mappings").path(REFUND_KEY);
    ObjectNode constraints = mapping.putObject("constraints");
    constraints.putObject("operationDetails.instructedAmount.amount").put("max", 5000);
    constraints
        .putObject("operationDetails.creditorAccount.identification")
        .put("pattern", "R-884-[0-9]{4}");
    assertThat(write("database/roles", role).status()).isEqualTo(204);

    mint(vault, name, Refunds.refund(Refunds.CASE, 5000)).credential();
    assertThat(mint(vault, name, Refunds.refund(Refunds.CASE, 5001)).text())
        .contains("RAR_NO_MATCH");
    assertThat(mint(vault, name, Refunds.refund("R-885-2233", 1)).text()).contains("RAR_NO_MATCH");
    assertThat(mint(vault, name, Refunds.findCase(Refunds.CASE)).text()).contains("RAR_NO_MATCH");
  }

  @Test
  void removesARoleAndThenItsDatabase() {
    write("database/config", database());
    write("database/roles", role());
    Login login = mint(vault, name, Refunds.refund(Refunds.CASE, 1)).credential();

    assertThat(vault.send("DELETE", "database/config/" + name, operator, null).text())
        .contains("leases are open");
    vault.put("sys/leases/revoke", operator, StrictJson.object().put("lease_id", login.lease()));
    assertThat(vault.send("DELETE", "database/roles/" + name, operator, null).status())
        .isEqualTo(204);
    assertThat(vault.send("DELETE", "database/config/" + name, operator, null).status())
        .isEqualTo(204);

    assertThat(vault.get("database/config/" + name, operator).status()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://127.0.0.1/db",
        "postgresql://db.example/refunds",
        "postgresql://db.example/refunds?sslmode=disable",
        "postgresql://db.example/refunds?sslmode=prefer",
        "postgresql://127.0.0.1/db?sslmode=disable&socketFactory=x",
        "postgresql://127.0.0.1/db?socketFactory=org.springframework.Context",
        "postgresql://me:secret@127.0.0.1/db",
        "postgresql://127.0.0.1/db/../other",
        "postgresql://127.0.0.1,evil.example/db",
        "postgresql:///db",
        "mysql://127.0.0.1/db",
      })
  void L16_refusesAnAddressThatItDoesNotKnowWholly(String url) {
    Answer answer = write("database/config", database().put("connection_url", url));

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("connection_url").doesNotContain("evil", "socketFactory");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE ROLE \"{{name}}\" SUPERUSER LOGIN PASSWORD '{{password}}'",
        "GRANT refunds_write TO \"{{name}}\" WITH ADMIN OPTION",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{{name}}\"",
        "GRANT refunds_write TO mallory",
        "GRANT \"Refunds; DROP\" TO \"{{name}}\"",
        "ALTER ROLE postgres PASSWORD 'x'",
        "DO $$ BEGIN PERFORM 1; END $$",
        "DROP TABLE refunds.cases",
      })
  void H01_refusesEveryStatementButTheLoginAndItsGroups(String statement) {
    write("database/config", database());
    ObjectNode role = role();
    role.putArray("creation_statements").add(CREATE).add(statement);

    Answer answer = write("database/roles", role);

    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(answer.text()).contains("creation_statements");
  }

  @ParameterizedTest
  @CsvSource({
    "audience,audience",
    "rar_mappings,rar_mappings",
    "db_name,db_name",
  })
  void saysWhichMemberOfARoleIsMissing(String member, String named) {
    write("database/config", database());
    ObjectNode role = role();
    role.remove(member);

    Answer answer = write("database/roles", role);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("`" + named + "`");
  }

  @Test
  void refusesWhatItWouldNotDo() {
    write("database/config", database());
    for (ObjectNode role :
        new ObjectNode[] {
          role().put("revocation_statements", "DROP ROLE x"),
          role().put("credential_type", "rsa_private_key"),
          role().put("default_ttl", "1h"),
          role().put("unknown_member", 1),
          role().put("presenters", "nobody"),
          role().put("db_name", "nowhere"),
          role().put("plain_bearer", false),
        }) {
      Answer answer = write("database/roles", role);

      assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    }
  }

  @Test
  void L02_changesNothingThatTheConfigurationFileNames() {
    assertThat(vault.put("database/roles/refunds", operator, role()).text())
        .contains("configuration file");
    assertThat(vault.put("database/config/refunds", operator, database()).text())
        .contains("configuration file");
    assertThat(vault.send("DELETE", "database/roles/refunds", operator, null).status())
        .isEqualTo(400);
    assertThat(vault.put("database/roles/operator", operator, role()).status()).isEqualTo(400);
  }

  @Test
  void L02_takesNoChangeFromAnybodyElse() {
    String session = vault.login("plain", refunds.token(Refunds.refund(Refunds.CASE, 1))).token();
    for (String token :
        new String[] {"", session, refunds.token(Refunds.refund(Refunds.CASE, 1))}) {
      refunds.ledger.clear();

      Answer answer = vault.put("database/config/" + name, token, database());

      assertThat(answer.status()).isEqualTo(403);
      assertThat(refunds.entries(LedgerEvent.LEASE_REFUSED)).hasSize(1);
    }
    assertThat(vault.get("database/config/" + name, operator).status()).isEqualTo(404);
  }

  @Test
  void writesNoDatabaseThatItCannotReachOrThatIsUnsafe() throws SQLException {
    assertThat(write("database/config", database().put("password", "wrong")).text())
        .contains("the database refuses this login");
    assertThat(
            write(
                    "database/config",
                    database().put("connection_url", "postgresql://127.0.0.1:1/nowhere"))
                .status())
        .isEqualTo(503);
    assertThat(
            write(
                    "database/config",
                    database()
                        .put("username", refunds.owner.user())
                        .put("password", refunds.owner.password().reveal()))
                .text())
        .contains("must not be superuser");
    assertThat(vault.get("database/config/" + name, operator).status()).isEqualTo(404);
  }

  @Test
  void H12_doesNotStartWithoutTheKeyThatClosedItsPasswords() {
    write("database/config", database());
    refunds.stop();
    try {
      assertThatThrownBy(refunds::startWithoutSealKey).hasMessageContaining("broker.seal-key");
    } finally {
      refunds.start();
      vault = Vault.of(refunds);
    }
  }

  @Test
  void takesTheBodiesOfCurlAndOfVaultsCommandLine() {
    write("database/config", database());
    for (String type : new String[] {"application/x-www-form-urlencoded", ""}) {
      assertThat(
              refunds.post("/v1/database/roles/" + name, operator, type, StrictJson.write(role())))
          .isEqualTo(204);
    }
    assertThat(
            refunds.post(
                "/v1/auth/jwt/login",
                "",
                "application/x-www-form-urlencoded",
                "role=" + name + "&jwt=" + refunds.token(Refunds.refund(Refunds.CASE, 1))))
        .isEqualTo(200);
    for (String body : new String[] {"{", "{} {}", "x", "a=1&a=2", "a=%zz", "[]"}) {
      assertThat(refunds.post("/v1/auth/jwt/login", "", "application/x-www-form-urlencoded", body))
          .as(body)
          .isEqualTo(400);
    }
  }
}
