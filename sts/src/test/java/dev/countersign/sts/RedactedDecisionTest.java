package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Policy;
import dev.countersign.policy.Recorded;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the ledger holds of a decision about a type that redacts, and what can be told from it.
class RedactedDecisionTest {
  private static final World WORLD = new World();
  private static final String CASE = "R-884-2233";
  private static final String DETAILS =
      "[{\"type\":\"urn:smt:agent:case\",\"operationDetails\":"
          + "{\"action\":\"find_case\",\"caseId\":\"R-884-2233\"}}]";

  @TempDir private Path folder;

  @AfterAll
  static void close() {
    WORLD.close();
  }

  private LedgerEntry asked(String rules, int status) throws IOException {
    Files.writeString(folder.resolve("policy.yaml"), rules);
    Policy policy =
        Policy.load(folder.resolve("policy.yaml"), TypeRegistry.load(World.file("types.yaml")));
    Person person = WORLD.person();
    try (StsBox replica =
        WORLD.replica(FreePort.any(), DecisionSettings.none(), PolicyFiles.fixed(policy))) {
      assertThat(
              WORLD
                  .post(replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), DETAILS))
                  .status())
          .isEqualTo(status);
    }
    LedgerEntry entry =
        WORLD
            .entries(
                status == 200 ? LedgerEvent.EXCHANGE_PERMITTED : LedgerEvent.EXCHANGE_DENIED,
                person.key())
            .getLast();
    assertThat(StrictJson.write(entry.data())).doesNotContain(CASE);
    Recorded recorded = Recorded.of(entry.subject(), entry.data());
    assertThat(recorded.outcome())
        .isEqualTo(recorded.matches().getFirst().outcome())
        .isEqualTo(
            policy.readsRedacted(recorded.request().details())
                ? recorded.outcome()
                : policy.evaluate(recorded.request(), recorded.past()).decision().outcome());
    return entry;
  }

  @Test
  void whatARuleReadOfARedactedMemberIsNotInTheLedger() throws IOException {
    LedgerEntry entry =
        asked(
            """
            rules:
              - name: one-case
                type: urn:smt:agent:case
                when: request.operationDetails.caseId == 'R-884-2233'
                then: deny
            """,
            400);

    assertThat(entry.data().path("matches").path(0).path("values").toString())
        .contains("[redacted]");
  }

  @Test
  void whatIsKnownOfAThingIsTakenAgainWithoutItsName() throws IOException {
    StsBox.attributes(WORLD.database)
        .upsert("case:" + CASE, "tier", StrictJson.parse("\"gold\""), "test", World.NOON);

    LedgerEntry entry =
        asked(
            """
            resources:
              case:
                type: urn:smt:agent:case
                key: request.operationDetails.caseId
                attributes: { tier: { type: string } }
            rules:
              - name: gold
                type: urn:smt:agent:case
                when: resource.case.tier == 'gold'
                then: permit
            """,
            200);

    assertThat(entry.data().path("inputs").path("resources").propertyNames())
        .containsExactly("case:[redacted]");
  }

  /// What rules read, and what would pass, is for operators: told to callers it would be an oracle.
  @ParameterizedTest
  @CsvSource({"100, permit", "200, step_up", "300, deny", "400, kill"})
  void noAnswerHoldsWhatARuleRead(long cents, String outcome) throws IOException {
    Files.writeString(
        folder.resolve("policy.yaml"),
        """
        attributes: { clearance: { type: string }, ceiling: { type: int } }
        caps: { at_most: 7654321 }
        rules:
        """
            + List.of("permit 100", "step_up 200", "deny 300", "kill 400").stream()
                .map(rule -> rule.split(" ", -1))
                .map(rule ->
                    """
                      - name: to-%1$s
                        type: urn:smt:agent:refund
                        when: >-
                          request.operationDetails.instructedAmount.amount == %2$s &&
                          subject.clearance == 'ultraviolet' && subject.ceiling < caps.at_most
                        then: %3$s
                        reason: as asked
                    """
                        .formatted(rule[0].replace('_', '-'), rule[1], rule[0]))
                .collect(Collectors.joining()));
    Policy policy =
        Policy.load(folder.resolve("policy.yaml"), TypeRegistry.load(World.file("types.yaml")));
    Person person = WORLD.person();
    AttributeStore store = StsBox.attributes(WORLD.database);
    store.upsert(
        person.key(), "clearance", StrictJson.parse("\"ultraviolet\""), "test", World.NOON);
    store.upsert(person.key(), "ceiling", StrictJson.parse("5432167"), "test", World.NOON);

    String body;
    try (StsBox replica =
        WORLD.replica(FreePort.any(), DecisionSettings.none(), PolicyFiles.fixed(policy))) {
      body =
          WORLD
              .post(replica.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)))
              .body();
    }

    assertThat(body)
        .doesNotContain("7654321", "5432167", "ultraviolet", "clearance", "ceiling", "at_most")
        .doesNotContain("changes", "values");
    if (!outcome.equals("permit")) {
      LedgerEntry entry = WORLD.entries(event(outcome), person.key()).getLast();
      assertThat(entry.data().path("outcome").stringValue()).isEqualTo(outcome);
      assertThat(StrictJson.write(entry.data())).contains("7654321", "5432167", "ultraviolet");
      assertThat(entry.data().path("inputs").path("origins").path("attributes").path("ceiling"))
          .isEqualTo(StrictJson.parse("{\"source\":\"test\",\"at\":\"" + World.NOON + "\"}"));
    }
  }

  private static LedgerEvent event(String outcome) {
    return switch (outcome) {
      case "step_up" -> LedgerEvent.EXCHANGE_STEP_UP;
      case "kill" -> LedgerEvent.EXCHANGE_KILLED;
      default -> LedgerEvent.EXCHANGE_DENIED;
    };
  }
}
