package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What rules say about a step-up: by which factors, how long the person has to answer, how old the
/// approval may be.
class StepUpRuleTest {
  private static final String AMOUNT = "request.operationDetails.instructedAmount.amount";
  private static final World WORLD =
      new World(
          World.settings(),
          World.stepUp(
              StepUpSettings.Limits.defaults(), List.of(Factor.EMAILOTP, Factor.IDP), null));
  private static final StsBox STS = replica();

  private static StsBox replica() {
    String rules =
        "rules:\n"
            + rule(
                "large", 1_000, "{ factors: [emailotp, idp], answer_within: 2m, use_within: 60s }")
            + rule("larger", 2_000, "{ factors: [idp], answer_within: 90s }")
            + rule("largest", 3_000, "{ factors: [emailotp] }")
            + rule("patient", 500, "{ answer_within: 10m }").replace("> 500", "== 501");
    try {
      Path file = Files.createTempFile("policy", ".yaml");
      file.toFile().deleteOnExit();
      Files.writeString(file, rules);
      Policy policy = Policy.load(file, TypeRegistry.load(World.file("types.yaml")));
      return WORLD.replica(FreePort.any(), DecisionSettings.none(), PolicyFiles.fixed(policy));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static String rule(String name, int above, String options) {
    return "  - { name: %s, type: \"%s\", when: %s > %d, then: step_up, step_up: %s }\n"
        .formatted(name, World.REFUND, AMOUNT, above, options);
  }

  @AfterAll
  static void close() {
    STS.close();
    WORLD.close();
  }

  private static Answer exchange(Person person, long cents) {
    return WORLD.post(STS.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
  }

  @ParameterizedTest
  @CsvSource({"1001, 120", "2001, 90", "501, 300"})
  void thePersonHasAsLongAsTheShortestOfRulesAndInstallation(long cents, long seconds) {
    Answer stepUp = exchange(WORLD.person(), cents);

    assertThat(stepUp.text("expires_at"))
        .isEqualTo(WORLD.now.get().plusSeconds(seconds).toString());
  }

  @Test
  void anAnswerWithinTheTimeCountsAndOneAfterItDoesNot() {
    Person prompt = WORLD.person();
    Answer first = exchange(prompt, 1_500);
    Person late = WORLD.person();
    Answer second = exchange(late, 1_501);
    String code = WORLD.codeFor(late);

    WORLD.tick(Duration.ofSeconds(119));
    String assertion = WORLD.approved(prompt, first);
    WORLD.tick(Duration.ofSeconds(1));
    Answer page = WORLD.answerOnPage(second.text("approval_id"), "approve", code);

    assertThat(WORLD.post(STS.baseUri(), WORLD.redeemForm(assertion, World.refund(1_500))).status())
        .isEqualTo(200);
    assertThat(page.body()).doesNotContain("Approved");
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_GIVEN, late.key())).isEmpty();
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_PERMITTED, late.key())).isEmpty();
  }

  @Test
  void G12_onlyAFactorThatAllRulesAcceptApproves() {
    Person person = WORLD.person();
    Answer stepUp = exchange(person, 2_500);
    Form form = WORLD.open(stepUp.text("approval_id"));

    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
    assertThat(WORLD.page(stepUp.text("approval_id")).body()).doesNotContain("send-emailotp");
    assertThat(WORLD.submit(form, "send-emailotp", Map.of()).body()).doesNotContain("Approved");
    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
    assertThat(WORLD.submit(form, "approve", "123456").body()).doesNotContain("Approved");
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");

    Answer away = WORLD.submit(form, "idp", Map.of("number", stepUp.text("number")));
    WORLD.comeBack(away.header("location"), form.cookie(), person.id());

    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("VERIFY_SUCCESS");
    assertThat(
            WORLD
                .entries(LedgerEvent.APPROVAL_GIVEN, person.key())
                .getFirst()
                .data()
                .path("factor")
                .stringValue())
        .isEqualTo("idp");
  }

  @Test
  void rulesThatExcludeEachOthersFactorsDeny() {
    Person person = WORLD.person();

    Answer denied = exchange(person, 3_500);

    assertThat(denied.text("error")).isEqualTo("access_denied");
    assertThat(denied.json().path("reasons").path(0).stringValue())
        .isEqualTo("the rules ask for factors that exclude each other");
    assertThat(denied.json().path("rules").path(0).path("rule").stringValue())
        .isEqualTo("(step_up)");
    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
  }
}
