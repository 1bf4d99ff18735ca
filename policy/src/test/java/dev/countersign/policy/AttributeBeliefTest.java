package dev.countersign.policy;

import static dev.countersign.policy.Refunds.details;
import static dev.countersign.policy.Refunds.refund;
import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Whom a policy believes about a person, and for how long.
class AttributeBeliefTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "claim, 0, PERMIT",
    "hr, 0, PERMIT",
    "import, 0, DENY",
    "hr, 86400, PERMIT",
    "hr, 86401, DENY",
    "hr, -60, PERMIT",
  })
  void F10_believesNamedSourcesAndNotForEver(String source, long age, Outcome outcome) {
    var limit =
        new Attribute(StrictJson.parse("5000"), source, NOON.minus(Duration.ofSeconds(age)));

    Decision decision = policy("max-age: 1d, sources: [claim, hr]").decide(ask(limit));

    assertThat(decision.outcome()).isEqualTo(outcome);
  }

  /// What the ledger keeps of an attribute is enough to decide again, also by a policy that
  /// believes others.
  @Test
  void whoSaidItAndWhenIsInTheLedgerForAnotherPolicy() {
    Instant dayBefore = NOON.minus(Duration.ofDays(1));
    var limit = new Attribute(StrictJson.parse("5000"), "hr", dayBefore);
    ObjectNode data = StrictJson.object().put("client_id", "gateway").put("outcome", "permit");
    data.set("authorization_details", Refunds.details(Refunds.refund("1")).json());
    ObjectNode inputs = data.putObject("inputs");
    inputs.put("now", NOON.toString()).put("anchor", "okta").put("actor", "gateway");
    inputs.put("stage", "first").putObject("attributes").set("refund_limit", limit.value());
    inputs.putObject("origins").putObject("attributes").set("refund_limit", limit.origin());

    Recorded recorded = Recorded.of("okta|00u1", data);

    assertThat(recorded.request().attributes()).isEqualTo(Map.of("refund_limit", limit));
    assertThat(policy("sources: [hr]").decide(recorded.request()).outcome())
        .isEqualTo(Outcome.PERMIT);
    assertThat(policy("sources: [claim]").decide(recorded.request()).outcome())
        .isEqualTo(Outcome.DENY);
    assertThat(policy("max-age: 23h").decide(recorded.request()).outcome()).isEqualTo(Outcome.DENY);
  }

  @Test
  void aTestBesideThePolicyIsToldBySomebodyWhomItBelieves() {
    Path file =
        Refunds.write(
            folder,
            "policy.test.yaml",
            """
            tests:
              - name: within the limit
                attributes: { refund_limit: 100 }
                request: %s
                expect: permit
              - name: above it
                attributes: { refund_limit: 99 }
                request: %1$s
                expect: deny
            """
                .formatted(Refunds.refund("100")));

    assertThat(PolicyTests.run(file, policy("max-age: 1d, sources: [hr, claim]")))
        .hasSize(2)
        .allSatisfy(result -> assertThat(result.problem()).as(result.name()).isEmpty());
  }

  @Test
  void withoutSayingSoAPolicyBelievesAnybodyForEver() {
    var old = new Attribute(StrictJson.parse("5000"), "import", Instant.EPOCH);

    assertThat(policy("minimum: 0").decide(ask(old)).outcome()).isEqualTo(Outcome.PERMIT);
  }

  @Test
  void whatAPolicyBelievesIsPartOfItsVersion() {
    assertThat(policy("max-age: 1d").version())
        .isNotEqualTo(policy("max-age: 2d").version())
        .isNotEqualTo(policy("sources: [hr]").version());
  }

  private Policy policy(String belief) {
    Path file =
        Refunds.write(
            folder,
            "policy.yaml",
            """
            attributes:
              refund_limit: { type: int, required: true, %s }
            rules:
              - name: within-limit
                type: urn:smt:agent:refund
                when: request.operationDetails.instructedAmount.amount <= subject.refund_limit
                then: permit
            """
                .formatted(belief));
    return Policy.load(file, Refunds.TYPES);
  }

  private static AccessRequest ask(Attribute limit) {
    return new AccessRequest(
        "okta|00u1",
        "okta",
        Map.of("refund_limit", limit),
        "gateway",
        "gateway",
        Set.of("refunds"),
        details(refund("100")),
        NOON);
  }
}
