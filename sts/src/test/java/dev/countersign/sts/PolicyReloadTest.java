package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.clients.ClientOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A policy that changes while replicas run.
class PolicyReloadTest {
  private static final World WORLD = new World();
  private static final String POLICY =
      """
      rules:
        - name: small
          type: urn:smt:agent:refund
          when: request.operationDetails.instructedAmount.amount <= %d
          then: permit
          reason: small
      """;

  @TempDir private Path folder;

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void aChangedFileIsInForceAtAllReplicasAndAFaultyOneChangesNothing() throws IOException {
    PolicyFiles files = files(1_000);
    Person person = WORLD.person();
    try (StsBox writer = replica(files);
        StsBox reader = replica(PolicyFiles.fixed(files.read().get()))) {
      String before = version();
      assertThat(status(writer, person, 2_000)).isEqualTo(400);
      assertThat(status(reader, person, 2_000)).isEqualTo(400);

      write(2_000);
      await(() -> status(writer, person, 2_000) == 200);
      await(() -> status(reader, person, 2_000) == 200);
      String after = version();
      assertThat(after).isNotEqualTo(before).isEqualTo(files.read().get().version());
      assertThat(
              WORLD
                  .entries(LedgerEvent.EXCHANGE_PERMITTED, person.key())
                  .getLast()
                  .data()
                  .path("policy_version")
                  .stringValue())
          .isEqualTo(after);

      Files.writeString(
          folder.resolve("policy.yaml"), POLICY.formatted(9).replace("amount <", "amuont <"));
      await(() -> !WORLD.entries(LedgerEvent.POLICY_REFUSED, "").isEmpty());
      assertThat(
              WORLD
                  .entries(LedgerEvent.POLICY_REFUSED, "")
                  .getFirst()
                  .data()
                  .path("reason")
                  .stringValue())
          .contains("policy.yaml:4:")
          .contains("did you mean `amount`?");
      assertThat(status(writer, person, 2_000)).isEqualTo(200);
      assertThat(version()).isEqualTo(after);

      write(1_000);
      await(() -> version().equals(before));
      await(() -> status(reader, person, 2_000) == 400);
    }
  }

  @Test
  void aReplicaThatStartsWithOlderFilesRunsWhatIsInForce() throws IOException {
    PolicyFiles newer = files(7_000);
    try (StsBox first = replica(newer)) {
      String inForce = version();
      Path old = Files.createDirectory(folder.resolve("old"));
      Files.copy(folder.resolve("types.yaml"), old.resolve("types.yaml"));
      Files.writeString(old.resolve("policy.yaml"), POLICY.formatted(3));
      for (String name : List.of("types.yaml", "policy.yaml")) {
        Files.setLastModifiedTime(
            old.resolve(name), FileTime.from(World.NOON.minus(Duration.ofDays(1))));
      }
      try (StsBox late = replica(files(old))) {
        assertThat(status(late, WORLD.person(), 7_000)).isEqualTo(200);
        assertThat(status(first, WORLD.person(), 7_000)).isEqualTo(200);
        assertThat(version()).isEqualTo(inForce);
      }
    }
  }

  @Test
  void aChangedSchemaFileIsInForceAndTheMetadataFollow() throws IOException {
    PolicyFiles files = files(1_000);
    String types = Files.readString(folder.resolve("types.yaml"));
    String cases =
        """
          - name: urn:smt:agent:case
            sentence: Read a case
            schema: schemas/case.json
        """;
    String schema =
        "{\"type\":\"object\",\"properties\":{\"%s\":{\"type\":\"string\",\"maxLength\":9}}}";
    Path file = Files.createDirectory(folder.resolve("schemas")).resolve("case.json");
    Files.writeString(folder.resolve("types.yaml"), onlyRefund(types));
    Person person = WORLD.person();
    try (StsBox replica = replica(files)) {
      assertThat(detailTypes(replica)).containsExactly("urn:smt:agent:refund");

      // the schema is not there yet: nothing changes, and it is watched all the same
      Files.writeString(folder.resolve("types.yaml"), onlyRefund(types) + cases);
      int refused = WORLD.entries(LedgerEvent.POLICY_REFUSED, "").size();
      await(() -> WORLD.entries(LedgerEvent.POLICY_REFUSED, "").size() > refused);
      Files.writeString(file, schema.formatted("colour"));
      await(() -> detailTypes(replica).contains("urn:smt:agent:case"));
      assertThat(error(replica, person, "colour")).isEqualTo("access_denied");
      assertThat(error(replica, person, "shape")).isEqualTo("invalid_authorization_details");

      Files.writeString(file, schema.formatted("shape"));
      await(() -> error(replica, person, "shape").equals("access_denied"));
      assertThat(error(replica, person, "colour")).isEqualTo("invalid_authorization_details");

      Files.writeString(folder.resolve("types.yaml"), onlyRefund(types));
      await(() -> detailTypes(replica).equals(List.of("urn:smt:agent:refund")));
    }
  }

  @Test
  void D19_aTokenSaysOfWhichVersionItsTypeIsAndIsNoneOfTheNext() throws IOException {
    var helper =
        WORLD.register(
            "versions-helper",
            new ClientOptions(
                Set.of(), false, Set.of("gateway"), false, false, false, Set.of(), false));
    PolicyFiles files = files(1_000);
    String types = Files.readString(folder.resolve("types.yaml"));
    Person person = WORLD.person();
    try (StsBox replica = replica(files)) {
      await(() -> status(replica, person, 900) == 200);
      Answer first = exchange(replica, person);
      assertThat(World.claims(first.text("access_token")).has(TypeVersions.CLAIM)).isFalse();

      Files.writeString(
          folder.resolve("types.yaml"),
          types.replaceFirst(
              "- name: urn:smt:agent:refund\n", "- name: urn:smt:agent:refund\n    version: 2\n"));
      await(() -> versionIn(exchange(replica, person)) == 2);

      var chain = WORLD.exchangeForm(first.text("access_token"), World.refund(100));
      chain.put("subject_token_type", TokenTypes.ACCESS_TOKEN_URN);
      Answer older = WORLD.post(replica.baseUri(), WORLD.by("versions-helper", helper, chain));
      assertThat(older.text("error")).isEqualTo("invalid_authorization_details");
      assertThat(older.text("error_description")).contains("version");
      chain.put("subject_token", exchange(replica, person).text("access_token"));
      Answer same = WORLD.post(replica.baseUri(), WORLD.by("versions-helper", helper, chain));
      assertThat(versionIn(same)).isEqualTo(2);
    }
  }

  private static Answer exchange(StsBox replica, Person person) {
    return WORLD.post(
        replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(100)));
  }

  private static int versionIn(Answer answer) {
    return World.claims(answer.text("access_token"))
        .path(TypeVersions.CLAIM)
        .path("urn:smt:agent:refund")
        .asInt(1);
  }

  private static String onlyRefund(String types) {
    int other = types.indexOf("\n  - name: urn:smt:agent:case");
    int next = types.indexOf("\n  - name: ", other + 1);
    return types.substring(0, other + 1) + (next < 0 ? "" : types.substring(next + 1));
  }

  private static List<String> detailTypes(StsBox replica) {
    return WORLD
        .sendTo(replica.baseUri().resolve("/.well-known/oauth-authorization-server"), "GET", null)
        .json()
        .path("authorization_details_types_supported")
        .valueStream()
        .map(type -> type.stringValue())
        .toList();
  }

  private static String error(StsBox replica, Person person, String member) {
    String details = "[{\"type\":\"urn:smt:agent:case\",\"" + member + "\":\"x\"}]";
    return WORLD
        .post(replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), details))
        .text("error");
  }

  private PolicyFiles files(int most) throws IOException {
    Files.copy(World.file("types.yaml"), folder.resolve("types.yaml"));
    write(most);
    return files(folder);
  }

  private static PolicyFiles files(Path in) {
    return PolicyFiles.of(in.resolve("policy.yaml"), in.resolve("types.yaml"));
  }

  private void write(int most) throws IOException {
    Files.writeString(folder.resolve("policy.yaml"), POLICY.formatted(most));
  }

  private static StsBox replica(PolicyFiles files) {
    return WORLD.replica(FreePort.any(), DecisionSettings.none(), files);
  }

  private static int status(StsBox replica, Person person, long cents) {
    Answer answer =
        WORLD.post(replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
    return answer.status();
  }

  private static String version() {
    return WORLD.database.query(connection -> {
      try (var statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  "SELECT version FROM policy_in_force JOIN policy_version USING (version)")) {
        return row.next() ? row.getString(1) : "";
      }
    });
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("it did not happen within a minute").isLessThan(deadline);
      LockSupport.parkNanos(50_000_000);
    }
  }
}
