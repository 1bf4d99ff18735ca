package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerRecord;
import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Policy;
import dev.countersign.policy.Recorded;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// What `policy explain` prints about a decision as the ledger holds it.
class ExplanationTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final String ACCOUNT = "4711-0815";

  @TempDir private Path folder;

  private Policy policy(String when) throws IOException {
    Path types =
        Files.writeString(
            folder.resolve("types.yaml"),
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
                        account: { type: string, pattern: "^[0-9-]{4,20}$" }
            """);
    Path rules =
        Files.writeString(
            folder.resolve("policy.yaml"),
            """
            attributes: { limit: { type: int, sources: [hr] } }
            rules:
              - name: small
                type: urn:example:payment
                when: request.operationDetails.amount <= subject.limit
                then: permit
                reason: within your limit
              - name: watched
                type: urn:example:payment
                when: %s
                then: deny
                reason: not to this one
            """
                .formatted(when));
    return Policy.load(rules, TypeRegistry.load(types));
  }

  /// Decides, and explains from what the ledger holds.
  private static String explained(Policy policy, long amount) {
    var details =
        AuthorizationDetails.parse(
            "[{\"type\":\"urn:example:payment\",\"operationDetails\":{\"amount\":%d,\"account\":\"%s\"}}]"
                .formatted(amount, ACCOUNT));
    policy.types().check(details);
    var limit = new Attribute(StrictJson.parse("100"), "hr", NOON.minusSeconds(60));
    Decision decision =
        policy.decide(
            new AccessRequest(
                "okta|a",
                "okta",
                Map.of("limit", limit),
                "agent",
                "agent",
                Set.of(),
                details,
                NOON));
    ObjectNode data = StrictJson.object();
    data.put("client_id", "agent").put("policy_version", policy.version());
    data.put("outcome", decision.outcome().code()).put("reason", decision.reason());
    data.set("authorization_details", policy.types().forAudit(details));
    var matches = data.putArray("matches");
    decision.matches().forEach(match -> matches.add(policy.types().forAudit(match, details)));
    ObjectNode inputs = data.putObject("inputs");
    inputs.put("now", NOON.toString()).put("anchor", "okta").put("actor", "agent");
    inputs.put("stage", "first").putObject("attributes").set("limit", limit.value());
    inputs.putObject("origins").putObject("attributes").set("limit", limit.origin());
    var entry =
        new LedgerRecord(
            "sts",
            1,
            NOON,
            "sts",
            "exchange-denied",
            "jti-1",
            "okta|a",
            StrictJson.parseObject(StrictJson.write(data)),
            "");
    return Explanation.of(entry, Recorded.of("okta|a", entry.data()), policy);
  }

  @Test
  void whatARuleReadOfARedactedMemberIsPrintedAsTheLedgerHoldsIt() throws IOException {
    String printed = explained(policy("request.operationDetails.account.startsWith('4711')"), 50);

    assertThat(printed)
        .contains("deny  jti-1", "note      as it was written down")
        .contains("  deny  watched  element 0  not to this one")
        .contains("request.operationDetails.account = \"[redacted]\"")
        .contains("request.operationDetails.amount = 50", "subject.limit = 100")
        .contains("\"account\":\"[redacted]\"")
        .doesNotContain(ACCOUNT, "what would pass");
  }

  @Test
  void whereNoRuleReadsItTheDecisionIsTakenAgainAndTheSmallestChangeLeavesItAlone()
      throws IOException {
    String printed = explained(policy("request.operationDetails.amount == 77"), 150);

    assertThat(printed)
        .contains("\"account\":\"[redacted]\"", "what would pass, the smallest change first")
        .contains("request.operationDetails.amount: 150 -> 100  (permit)")
        .contains("subject.limit: 100 -> 150  (permit)")
        .doesNotContain(ACCOUNT, "note", "account: ");
  }

  /// The ledger knows who said it; without that the source would not be believed.
  @Test
  void anAttributeIsBelievedAsItWasThen() throws IOException {
    String printed = explained(policy("request.operationDetails.amount == 77"), 50);

    assertThat(printed)
        .contains("permit  jti-1", "  permit  small  element 0  within your limit")
        .doesNotContain("the rules alone come to");
  }
}
