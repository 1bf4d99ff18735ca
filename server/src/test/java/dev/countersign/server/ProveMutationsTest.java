package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.server.ProveStage.Told;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Each property of `countersign prove` fails where exactly its guard was taken away: by a line of
/// our own source, or in the database. So none can hold by accident.
@Tag("slow")
class ProveMutationsTest {
  private static final String BROKER = "broker/src/main/java/dev/countersign/broker/";
  private static final String STS = "sts/src/main/java/dev/countersign/sts/";
  private static final String GATEWAY = "gateway/src/main/java/dev/countersign/gateway/";

  static final Line[] LINES = {
    new Line(
        "token-is-exact",
        "expired tokens are taken",
        "protocol/src/main/java/dev/countersign/protocol/JwtVerifier.java",
        "if (!now.minus(rules.leeway()).isBefore(time(claims, \"exp\"))) {",
        "if (now == null) {"),
    new Line(
        "step-up-holds",
        "another request rides on an approval",
        STS + "ApprovalGrant.java",
        "if (!approval.details().digest().equals(request.details().digest())) {",
        "if (approval == null) {"),
    new Line(
        "login-dies",
        "the login is not dropped",
        BROKER + "LeaseEnding.java",
        ".revoke(lease.user());",
        ".getClass();"),
    new Line(
        "no-credential-in-context",
        "a result tells a token",
        GATEWAY + "mcp/ToolAnswers.java",
        "Optional.of(marked(result(StrictJson.write(structured), structured, false, trace)));",
        "Optional.of(marked(result(StrictJson.write(structured)"
            + " + \" eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x\", structured, false, trace)));"),
    new Line(
        "server-cannot-widen",
        "anybody gives back anybody's lease",
        BROKER + "Leases.java",
        "if (!isAllowed(lease, presenter)) {",
        "if (lease == null) {"),
    new Line(
        "every-call-authorized",
        "the gateway serves a call without a token",
        GATEWAY + "http/McpRoutes.java",
        "    if (bearer.isEmpty()) {\n",
        "    if (bearer.isEmpty()) {\n      if (response != null) {\n"
            + "        return Optional.of(new Caller.Agent(\"x|y\", \"x\", \"x\","
            + " dev.countersign.protocol.AuthorizationDetails.of("
            + "dev.countersign.protocol.StrictJson.parse(\"[{\\\"type\\\":\\\"x\\\"}]\")),"
            + " dev.countersign.protocol.TypeVersions.FIRST_OF_ALL,"
            + " new Secret(\"x\")));\n      }\n"),
    new Line(
        "kill-everywhere",
        "an exchange does not ask whether the person was killed",
        STS + "ExchangeGrant.java",
        "if (found.isLockedOut(entry.closedAt())) {",
        "if (found == null) {"),
    new Line(
        "audit-complete",
        "a permitted exchange is not written down",
        STS + "Outcomes.java",
        "    append(LedgerEvent.EXCHANGE_PERMITTED, call, minted.story());\n",
        ""),
  };

  static final Statement[] STATEMENTS = {
    new Statement(
        "login-does-one-thing",
        "refunds",
        "ALTER TABLE prove.writes DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE prove.writes ENABLE ROW LEVEL SECURITY"),
    new Statement(
        "no-standing-login",
        "refunds",
        "CREATE ROLE standing LOGIN PASSWORD 'x' IN ROLE prove_write",
        "DROP ROLE standing"),
    new Statement(
        "trust-separated",
        "countersign",
        "GRANT UPDATE ON ledger.entry TO countersign_gateway",
        "REVOKE UPDATE ON ledger.entry FROM countersign_gateway"),
    new Statement(
        "limits-hold",
        "countersign",
        "CREATE FUNCTION sts.forgetful() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN RETURN NULL; END';"
            + " CREATE TRIGGER forgetful BEFORE UPDATE ON sts.history"
            + " FOR EACH ROW EXECUTE FUNCTION sts.forgetful()",
        "DROP TRIGGER forgetful ON sts.history; DROP FUNCTION sts.forgetful()"),
    new Statement(
        "audit-tamper-evident",
        "countersign",
        "UPDATE ledger.entry SET event = event || '-x-' WHERE seq = 2",
        "UPDATE ledger.entry SET event = replace(event, '-x-', '') WHERE event LIKE '%-x-'"),
  };

  @TempDir static Path folder = Path.of("");

  private static @Nullable ProveStage stage;

  @BeforeAll
  static void copy() throws Exception {
    stage = new ProveStage(folder);
  }

  @AfterAll
  static void delete() {
    Objects.requireNonNull(stage).close();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("LINES")
  void aWeakenedLineBreaksExactlyItsProperty(Line line) throws Exception {
    ProveStage known = Objects.requireNonNull(stage);
    try (var _ = MutatedHouse.open(known, folder, line.source(), line.stands(), line.weakened())) {
      Told told = known.prove("--no-faults");

      assertThat(told.broken()).as(told.text()).containsExactly(line.property());
      assertThat(told.code()).isEqualTo(1);
    }
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("STATEMENTS")
  void aWeakenedDatabaseBreaksExactlyItsProperty(Statement statement) throws Exception {
    ProveStage known = Objects.requireNonNull(stage);
    try (var _ = House.open(known.config(), known.variables(), InstantSource.system(), _ -> {})) {
      known.sql(statement.database(), statement.weaken());
      Told told;
      try {
        told = known.prove("--no-faults");
      } finally {
        known.sql(statement.database(), statement.mend());
      }

      assertThat(told.broken()).as(told.text()).containsExactly(statement.property());
      assertThat(told.code()).isEqualTo(1);
    }
  }

  @Test
  void aLedgerThatMayBeAwayIsFoundOnTheCopy() throws Exception {
    ProveStage known = Objects.requireNonNull(stage);
    try (var _ = House.open(known.config(), known.variables(), InstantSource.system(), _ -> {})) {
      var arguments = new ArrayList<>(List.of("prove", "--only", "closed-when-dead"));
      arguments.addAll(List.of(known.where()));
      int code =
          MutatedHouse.run(
              folder,
              "ledger/src/main/java/dev/countersign/ledger/postgres/PgLedger.java",
              "    } catch (ExecutionException | TimeoutException away) {\n"
                  + "      throw new LedgerAway(away);\n",
              "    } catch (ExecutionException | TimeoutException away) {\n      seq += 0;\n",
              arguments.toArray(new String[0]));

      assertThat(code).isEqualTo(1);
    }
  }

  @Test
  void everyPropertyIsProvenTheOnesOnTheCopyIncluded() throws Exception {
    ProveStage known = Objects.requireNonNull(stage);
    try (var _ = House.open(known.config(), known.variables(), InstantSource.system(), _ -> {})) {
      Told told = known.prove();

      assertThat(told.text()).contains("PROVEN").doesNotContain("NOT AS CLAIMED", "not tried");
      assertThat(told.code()).isZero();
    }
  }

  /// A line of our own source.
  record Line(String property, String what, String source, String stands, String weakened) {
    @Override
    public String toString() {
      return property + ": " + what;
    }
  }

  /// What an administrator of the database could do.
  record Statement(String property, String database, String weaken, String mend) {
    @Override
    public String toString() {
      return property + ": " + weaken;
    }
  }
}
