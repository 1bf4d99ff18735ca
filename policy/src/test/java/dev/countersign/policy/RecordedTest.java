package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// What a decision's ledger entry allows: to take it again, also where the type keeps members from
/// the ledger.
class RecordedTest {
  private static final String TYPES =
      """
      types:
        - name: urn:example:payment
          redact: [/operationDetails/account]
          sentence: Pay {/operationDetails/amount} to {/operationDetails/account}
          schema:
            type: object
            required: [operationDetails]
            properties:
              operationDetails:
                type: object
                required: [amount, account]
                properties:
                  amount: { type: integer, minimum: 1, maximum: 9000 }
                  account: { type: string, pattern: "^[0-9]{4}$" }
      """;
  private static final String RULES =
      """
      rules:
        - name: small
          type: urn:example:payment
          when: request.operationDetails.amount <= 100
          then: permit
      """;

  @TempDir private Path folder;

  private Policy policy(String rules) {
    Path types = Refunds.write(folder, "types.yaml", TYPES);
    return Policy.load(Refunds.write(folder, "policy.yaml", rules), TypeRegistry.load(types));
  }

  /// A decision about a payment, as its ledger entry tells it.
  private static Recorded recorded(Policy policy, long amount) {
    Instant now = Instant.parse("2026-01-01T12:00:00Z");
    var details =
        AuthorizationDetails.parse(
            "[{\"type\":\"urn:example:payment\",\"operationDetails\":{\"amount\":"
                + amount
                + ",\"account\":\"4711\"}}]");
    policy.types().check(details);
    var request =
        new AccessRequest("okta|a", "okta", Map.of(), "agent", "agent", Set.of(), details, now);
    Decision decision = policy.decide(request);
    ObjectNode data =
        StrictJson.object()
            .put("client_id", "agent")
            .put("outcome", decision.outcome().code())
            .put("reason", decision.reason())
            .put("policy_version", policy.version());
    data.set("authorization_details", policy.types().forAudit(details));
    var matches = data.putArray("matches");
    decision.matches().forEach(match -> matches.add(policy.types().forAudit(match, details)));
    data.putObject("inputs")
        .put("now", now.toString())
        .put("anchor", "okta")
        .put("actor", "agent")
        .put("stage", "first");
    assertThat(StrictJson.write(data)).doesNotContain("4711");
    return Recorded.of("okta|a", StrictJson.parseObject(StrictJson.write(data)));
  }

  @ParameterizedTest
  @CsvSource({"100, permit", "101, deny"})
  void isTakenAgainWhereNoRuleReadsWhatIsRedacted(long amount, String outcome) {
    Policy policy = policy(RULES);
    Recorded recorded = recorded(policy, amount);

    assertThat(policy.readsRedacted(recorded.request().details())).isFalse();
    assertThat(policy.evaluate(recorded.request(), recorded.past()).decision().outcome().code())
        .isEqualTo(outcome)
        .isEqualTo(recorded.outcome().code());
  }

  @Test
  void theSmallestChangeKeepsToTheTypeAndLeavesWhatIsRedacted() {
    Policy policy = policy(RULES);
    Recorded recorded = recorded(policy, 101);

    assertThat(SmallestChange.of(policy, recorded.request(), recorded.past()))
        .extracting(SmallestChange.Change::path, SmallestChange.Change::to)
        .containsExactly(
            org.assertj.core.api.Assertions.tuple("request.operationDetails.amount", "100"));

    Policy impossible = policy(RULES.replace("<= 100", "== 0"));
    Recorded denied = recorded(impossible, 101);
    assertThat(SmallestChange.of(impossible, denied.request(), denied.past())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "request.operationDetails.account == '4711'",
        "request.operationDetails.account in ['1', '2']",
        "has(request.operationDetails.account)",
        "size(requests) == 1",
      })
  void isNotTakenAgainWhereARuleReadsIt(String when) {
    Policy policy = policy(RULES.replace("request.operationDetails.amount <= 100", when));
    Recorded recorded = recorded(policy, 100);

    assertThat(policy.readsRedacted(recorded.request().details())).isTrue();
    assertThat(recorded.matches()).extracting(Match::outcome).containsExactly(recorded.outcome());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "counters: {paid: {measure: distinct, type: urn:example:payment,"
            + " value: request.operationDetails.account, per: subject, within: 1h}}",
        "counters: {paid: {measure: count, type: urn:example:payment,"
            + " where: request.operationDetails.account != '1', per: subject, within: 1h}}",
        "patterns: {twice: {per: subject, within: 1h, steps: [{type: urn:example:payment,"
            + " distinct: request.operationDetails.account, at_least: 2, within: 1h}]}}",
        "resources: {account: {type: urn:example:payment, key: request.operationDetails.account,"
            + " attributes: {owner: {type: string}}}}",
      })
  void norWhereACounterAPatternOrTheNameOfAThingReadsIt(String more) {
    assertThat(
            policy(more + "\n" + RULES)
                .readsRedacted(recorded(policy(RULES), 1).request().details()))
        .isTrue();
  }

  @Test
  void theNameOfAThingIsNotKeptWhereItsMemberIsNot() {
    Policy policy =
        policy(
            """
            resources:
              account:
                type: urn:example:payment
                key: request.operationDetails.account
                attributes: { owner: { type: string } }
            """
                + RULES.replace(
                    "request.operationDetails.amount <= 100", "resource.account.owner == 'a'"));
    Instant now = Instant.parse("2026-01-01T12:00:00Z");
    var details =
        AuthorizationDetails.parse(
            "[{\"type\":\"urn:example:payment\","
                + "\"operationDetails\":{\"amount\":1,\"account\":\"4711\"}}]");
    var owner = new Attribute(StrictJson.parse("\"a\""), "store", now);
    var request =
        new AccessRequest("okta|a", "okta", Map.of(), "agent", "agent", Set.of(), details, now)
            .knowing(Map.of(), Map.of("account:4711", Map.of("owner", owner)));

    assertThat(policy.decide(request).outcome()).isEqualTo(Outcome.PERMIT);
    assertThat(policy.resourcesForAudit(request))
        .isEqualTo(Map.of("account:[redacted]", Map.of("owner", owner)));
  }

  @Test
  void aMatchComesBackFromTheLedgerAsItWas() {
    var match =
        new Match(
            "small", Outcome.STEP_UP, 1, "why", Map.of("request.a", StrictJson.parse("[1,\"b\"]")));

    assertThat(List.of(Match.of(match.json()))).containsExactly(match);
  }
}
