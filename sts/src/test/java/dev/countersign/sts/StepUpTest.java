package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class StepUpTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void asksThePersonAboveTheLimit() {
    Person person = WORLD.person();

    Answer stepUp = WORLD.exchange(person, 9_000);

    assertThat(stepUp.status()).isEqualTo(200);
    assertThat(stepUp.text("scope")).isEqualTo("mfa_challenge");
    assertThat(stepUp.json().path("expires_in").intValue()).isEqualTo(300);
    assertThat(stepUp.text("approval_uri"))
        .isEqualTo(WORLD.issuer + "/approve/" + stepUp.text("approval_id"));
    assertThat(stepUp.text("expires_at")).isEqualTo(WORLD.now.get().plusSeconds(300).toString());
    assertThat(stepUp.text("message")).contains("90.00 USD").contains("R-884-2233");
    assertThat(World.header(stepUp.text("access_token")).path("typ").stringValue())
        .isEqualTo("countersign-challenge+jwt");
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_STEP_UP, person.key())).hasSize(1);
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_SENT, person.key())).hasSize(1);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void issuesTheTokenAfterTheRightCode() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);

    Answer page = WORLD.answerOnPage(stepUp.text("approval_id"), "approve", WORLD.codeFor(person));
    Answer verification = WORLD.verification(stepUp);
    Answer issued =
        WORLD.post(WORLD.redeemForm(verification.text("assertion"), World.refund(9_000)));

    assertThat(page.status()).isEqualTo(200);
    assertThat(page.body()).contains("Approved");
    assertThat(verification.text("state")).isEqualTo("VERIFY_SUCCESS");
    assertThat(issued.status()).isEqualTo(200);
    assertThat(issued.text("jti")).isEqualTo(stepUp.text("jti"));
    var claims = World.claims(issued.text("access_token"));
    assertThat(claims.path("jti").stringValue()).isEqualTo(stepUp.text("jti"));
    assertThat(claims.path("sub").stringValue()).isEqualTo(person.key());
    assertThat(WORLD.entriesOf(stepUp.text("jti")))
        .extracting(entry -> entry.event())
        .containsExactly(
            LedgerEvent.APPROVAL_SENT,
            LedgerEvent.EXCHANGE_STEP_UP,
            LedgerEvent.APPROVAL_GIVEN,
            LedgerEvent.EXCHANGE_PERMITTED);
  }

  @Test
  void theAssertionComesOnlyToWhoAsksForIt() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    WORLD.approved(person, stepUp);

    Answer without =
        WORLD.send(
            "GET",
            "/v2.0/factors/emailotp/transient/verifications/" + stepUp.text("approval_id"),
            null,
            "Authorization",
            "Bearer " + stepUp.text("access_token"));

    assertThat(without.text("state")).isEqualTo("VERIFY_SUCCESS");
    assertThat(without.json().has("assertion")).isFalse();
  }

  @Test
  void anIdenticalRepeatFindsTheSameApprovalAndSendsNoSecondMail() {
    Person person = WORLD.person();

    Answer first = WORLD.exchange(person, 9_000);
    Answer second = WORLD.exchange(person, 9_000);
    String reordered =
        World.refund(9_000)
            .replace(
                "\"currency\":\"USD\",\"amount\":9000", "\"amount\": 9000, \"currency\":\"USD\"");
    Answer third = WORLD.post(WORLD.exchangeForm(WORLD.token(person), reordered));

    assertThat(second.text("approval_id")).isEqualTo(first.text("approval_id"));
    assertThat(third.text("approval_id")).isEqualTo(first.text("approval_id"));
    assertThat(second.text("jti")).isEqualTo(first.text("jti"));
    assertThat(WORLD.mailsTo(person.mail())).hasSize(1);
  }

  @Test
  void twentyParallelRepeatsShareOneApprovalAndOneMail() {
    Person person = WORLD.person();

    List<Answer> answers = together(20, () -> WORLD.exchange(person, 9_000));

    assertThat(answers)
        .extracting(answer -> answer.text("approval_id"))
        .containsOnly(answers.getFirst().text("approval_id"));
    assertThat(WORLD.mailsTo(person.mail())).hasSize(1);
  }

  @Test
  void anotherAmountIsAnotherApproval() {
    Person person = WORLD.person();

    assertThat(WORLD.exchange(person, 9_001).text("approval_id"))
        .isNotEqualTo(WORLD.exchange(person, 9_000).text("approval_id"));
    assertThat(WORLD.mailsTo(person.mail())).hasSize(2);
  }

  @Test
  void aRepeatAfterTheApprovalFindsItApproved() {
    Person person = WORLD.person();
    WORLD.approved(person, WORLD.exchange(person, 9_000));

    Answer again = WORLD.exchange(person, 9_000);

    assertThat(WORLD.verification(again).text("state")).isEqualTo("VERIFY_SUCCESS");
    assertThat(WORLD.mailsTo(person.mail())).hasSize(1);
  }

  @Test
  void anExpiredApprovalIsReplacedByANewOne() {
    Person person = WORLD.person();
    Answer first = WORLD.exchange(person, 9_000);
    WORLD.tick(Duration.ofMinutes(5));

    Answer second = WORLD.exchange(person, 9_000);

    assertThat(second.text("approval_id")).isNotEqualTo(first.text("approval_id"));
    assertThat(WORLD.mailsTo(person.mail())).hasSize(2);
  }

  @Test
  void G01_fiveWrongCodesEndTheApproval() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    Form form = WORLD.open(stepUp.text("approval_id"));
    String code = WORLD.codeFor(person);

    for (int left = 4; left >= 1; left--) {
      Answer answer = WORLD.submit(form, "approve", World.wrong(code));
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body())
          .contains(left == 1 ? "One try is left." : left + " tries are left.");
    }
    Answer fifth = WORLD.submit(form, "approve", World.wrong(code));
    Answer rightButLate = WORLD.submit(form, "approve", code);

    assertThat(fifth.body()).contains("Too many wrong codes");
    assertThat(rightButLate.status()).isEqualTo(409);
    assertThat(rightButLate.body()).contains("Too many wrong codes");
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("USER_DENIED");
    assertThat(WORLD.verification(stepUp).json().path("retries").intValue()).isZero();
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_FAILED, person.key()))
        .hasSizeGreaterThanOrEqualTo(5);
  }

  @Test
  void G01_parallelGuessesAreCountedEach() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String code = WORLD.codeFor(person);
    Form form = WORLD.open(stepUp.text("approval_id"));

    together(20, () -> WORLD.submit(form, "approve", World.wrong(code)));

    assertThat(WORLD.verification(stepUp).json().path("attempts").intValue()).isEqualTo(5);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("USER_DENIED");
  }

  @Test
  void G02_aCodeIsGoodForItsOwnApprovalOnly() {
    Person person = WORLD.person();
    Answer small = WORLD.exchange(person, 6_000);
    String codeOfSmall = WORLD.codeFor(person);
    Answer large = WORLD.exchange(person, 90_000);
    String codeOfLarge = WORLD.codeFor(person);

    if (!codeOfSmall.equals(codeOfLarge)) {
      assertThat(WORLD.answerOnPage(large.text("approval_id"), "approve", codeOfSmall).status())
          .isEqualTo(400);
    }
    assertThat(WORLD.verification(large).text("state")).isEqualTo("PENDING");
    assertThat(WORLD.verification(small).text("state")).isEqualTo("PENDING");
  }

  @Test
  void G02_aCodeIsVoidAfterItsTime() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String code = WORLD.codeFor(person);
    Form form = WORLD.open(stepUp.text("approval_id"));
    WORLD.tick(Duration.ofMinutes(5));

    Answer answer = WORLD.submit(form, "approve", code);

    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.body()).contains("Expired");
    assertThat(WORLD.verification(stepUp).status()).isEqualTo(200);
    assertThat(count("SELECT count(*) FROM approval WHERE id = ? AND answer IS NULL", stepUp))
        .isEqualTo(1);
  }

  @Test
  void anExpiredCodeIsNoStrike() {
    Person person = WORLD.person();
    for (int i = 0; i < 4; i++) {
      Answer stepUp = WORLD.exchange(person, 9_000 + i);
      Form form = WORLD.open(stepUp.text("approval_id"));
      WORLD.tick(Duration.ofMinutes(6));
      WORLD.submit(form, "approve", World.wrong(WORLD.codeFor(person)));
      WORLD.submit(form, "deny", "");
    }

    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_KILLED, person.key())).isEmpty();
  }

  @Test
  void G02_aCodeCannotBeUsedTwice() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String code = WORLD.codeFor(person);
    Form form = WORLD.open(stepUp.text("approval_id"));
    WORLD.submit(form, "approve", code);

    Answer again = WORLD.submit(form, "approve", code);

    assertThat(again.status()).isEqualTo(409);
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_GIVEN, person.key())).hasSize(1);
  }

  @Test
  void G03_C15_anotherRequestCannotRideOnAnApproval() {
    Person person = WORLD.person();
    String assertion = WORLD.approved(person, WORLD.exchange(person, 9_000));

    Answer wider = WORLD.post(WORLD.redeemForm(assertion, World.refund(9_001)));
    Answer elsewhere = WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000, "R-885-0000")));
    Answer right = WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000)));

    assertThat(wider.status()).isEqualTo(400);
    assertThat(wider.text("error")).isEqualTo("invalid_grant");
    assertThat(wider.text("error_description")).contains("not those that were approved");
    assertThat(elsewhere.text("error")).isEqualTo("invalid_grant");
    assertThat(right.status()).isEqualTo(200);
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_REFUSED, person.key())).hasSize(2);
  }

  @Test
  void G03_neitherScopeNorResourceNorClientCanChange() {
    Person person = WORLD.person();
    String assertion = WORLD.approved(person, WORLD.exchange(person, 9_000));

    var scope = WORLD.redeemForm(assertion, World.refund(9_000));
    scope.put("scope", "refund:write case:read");
    assertThat(WORLD.post(scope).text("error")).isEqualTo("invalid_grant");
    var resource = WORLD.redeemForm(assertion, World.refund(9_000));
    resource.put("resource", "http://127.0.0.1:9999/second");
    assertThat(WORLD.post(resource).text("error")).isEqualTo("invalid_grant");
    var client = WORLD.redeemForm(assertion, World.refund(9_000));
    client.put("client_assertion", WORLD.assertion("other"));
    assertThat(WORLD.post(client).status()).isEqualTo(400);
    assertThat(WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000))).status())
        .isEqualTo(200);
  }

  @Test
  void G09_oneApprovalIsOneTokenHoweverManyAsk() {
    Person person = WORLD.person();
    String assertion = WORLD.approved(person, WORLD.exchange(person, 9_000));

    List<Answer> answers =
        together(20, () -> WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000))));

    assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSize(1);
    assertThat(answers)
        .filteredOn(answer -> answer.status() != 200)
        .allMatch(answer -> answer.text("error").equals("invalid_grant"));
    assertThat(WORLD.entries(LedgerEvent.EXCHANGE_PERMITTED, person.key())).hasSize(1);
  }

  @Test
  void G09_aDeniedRequestCannotBeApproved() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String code = WORLD.codeFor(person);

    Form form = WORLD.open(stepUp.text("approval_id"));
    Answer denied = WORLD.submit(form, "deny", "");
    Answer approved = WORLD.submit(form, "approve", code);

    assertThat(denied.body()).contains("Denied");
    assertThat(approved.status()).isEqualTo(409);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("USER_DENIED");
    assertThat(WORLD.verification(stepUp).json().has("assertion")).isFalse();
  }

  @Test
  void G13_theChallengeOpensNothingElse() {
    Person person = WORLD.person();
    String challenge = WORLD.exchange(person, 9_000).text("access_token");

    assertThat(WORLD.userInfo(challenge).status()).isEqualTo(401);
    assertThat(WORLD.post(WORLD.exchangeForm(challenge, World.refund(100))).status())
        .isEqualTo(400);
  }

  @Test
  void G10_aChallengeOpensItsOwnApprovalOnly() {
    Answer mine = WORLD.exchange(WORLD.person(), 9_000);
    Answer theirs = WORLD.exchange(WORLD.person(), 9_000);

    assertThat(
            WORLD
                .send(
                    "GET",
                    "/v2.0/factors/emailotp/transient/verifications/" + theirs.text("approval_id"),
                    null,
                    "Authorization",
                    "Bearer " + mine.text("access_token"))
                .status())
        .isEqualTo(401);
  }

  @Test
  void G07_aPersonIsAskedTenTimesAnHour() {
    Person person = WORLD.person();
    for (int i = 0; i < 10; i++) {
      assertThat(WORLD.exchange(person, 9_000 + i).text("scope")).isEqualTo("mfa_challenge");
    }

    Answer eleventh = WORLD.exchange(person, 9_500);

    assertThat(eleventh.status()).isEqualTo(400);
    assertThat(eleventh.text("error")).isEqualTo("access_denied");
    assertThat(WORLD.mailsTo(person.mail())).hasSize(10);
    WORLD.tick(Duration.ofMinutes(61));
    assertThat(WORLD.exchange(person, 9_500).text("scope")).isEqualTo("mfa_challenge");
  }

  @Test
  void G07_noHourHasMoreThanTenPromptsWhereverItBegins() {
    Person person = WORLD.person();
    assertThat(WORLD.exchange(person, 9_000).text("scope")).isEqualTo("mfa_challenge");
    WORLD.tick(Duration.ofMinutes(59));
    for (int i = 1; i < 10; i++) {
      assertThat(WORLD.exchange(person, 9_000 + i).text("scope")).isEqualTo("mfa_challenge");
    }
    WORLD.tick(Duration.ofMinutes(2));

    assertThat(WORLD.exchange(person, 9_100).text("scope")).isEqualTo("mfa_challenge");
    assertThat(WORLD.exchange(person, 9_101).text("error")).isEqualTo("access_denied");
  }

  @Test
  void G07_aHundredRequestsAtOncePromptTenTimes() {
    Person person = WORLD.person();
    String token = WORLD.token(person);

    List<Answer> answers =
        IntStream.range(0, 100)
            .mapToObj(i ->
                CompletableFuture.supplyAsync(
                    () -> WORLD.post(WORLD.exchangeForm(token, World.refund(9_000 + i)))))
            .toList()
            .stream()
            .map(CompletableFuture::join)
            .toList();

    assertThat(answers).filteredOn(one -> one.text("scope").equals("mfa_challenge")).hasSize(10);
    assertThat(answers)
        .filteredOn(one -> one.text("error_description").contains("asked too often"))
        .hasSize(90);
    assertThat(WORLD.mailsTo(person.mail())).hasSize(10);
  }

  @Test
  void A18_theCodeGoesNowhereWithoutAVerifiedAddress() {
    Person person = WORLD.person();
    var claims = WORLD.oktaClaims(person).put("email_verified", false);

    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(9_000)));

    assertThat(answer.text("error")).isEqualTo("access_denied");
    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
  }

  @Test
  void G04_anAddressWithALineBreakIsNoAddress() {
    var claims =
        WORLD.oktaClaims(WORLD.person()).put("email", "a@b.example\r\nBcc: thief@evil.example");

    assertThat(
            WORLD
                .post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(9_000)))
                .text("error"))
        .isEqualTo("access_denied");
    assertThat(WORLD.mailsTo("thief@evil.example")).isEmpty();
  }

  @Test
  void theAddressMayComeFromTheAttributeStore() {
    Person person = WORLD.person();
    var claims = WORLD.oktaClaims(person);
    claims.remove("email");
    dev.countersign.sts.box.StsBox.attributes(WORLD.database)
        .upsert(
            person.key(),
            "mail",
            StrictJson.parse("\"" + person.mail() + "\""),
            "import",
            World.NOON);

    WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(9_000)));

    assertThat(WORLD.mailsTo(person.mail())).hasSize(1);
  }

  @Test
  void theSecondLegFailsAfterTheSubjectTokenExpired() {
    Person person = WORLD.person();
    var claims = WORLD.oktaClaims(person).put("exp", WORLD.now.get().getEpochSecond() + 60);
    Answer stepUp = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(9_000)));
    WORLD.tick(Duration.ofSeconds(61));

    Answer late = WORLD.post(WORLD.redeemForm(WORLD.approved(person, stepUp), World.refund(9_000)));

    assertThat(late.text("error")).isEqualTo("invalid_grant");
    assertThat(late.text("error_description")).contains("subject token has expired");
  }

  @Test
  void whoApprovesInTheLastMomentStillHasAMinute() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    WORLD.tick(Duration.ofSeconds(295));
    String assertion = WORLD.approved(person, stepUp);
    WORLD.tick(Duration.ofSeconds(30));

    assertThat(WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000))).status())
        .isEqualTo(200);
  }

  @Test
  void policyIsAskedAgainInTheSecondLeg() {
    String oid = "oid-" + ForeignIssuer.id();
    var store = dev.countersign.sts.box.StsBox.attributes(WORLD.database);
    String mail = oid.toLowerCase(java.util.Locale.ROOT) + "@contoso.example";
    Person person = new Person("entra|" + oid, oid, mail);
    store.upsert(person.key(), "refund_limit", StrictJson.parse("5000"), "import", World.NOON);
    var claims = WORLD.entraClaims(oid).put("preferred_username", mail);
    var form = WORLD.exchangeForm(WORLD.entra.sign(claims), World.refund(9_000));
    form.put("subject_token_type", World.ENTRA_TYPE);
    String assertion = WORLD.approved(person, WORLD.post(form));
    // No value of the declared type: the attribute counts as missing, and policy denies.
    store.upsert(person.key(), "refund_limit", StrictJson.parse("\"none\""), "import", World.NOON);

    Answer answer = WORLD.post(WORLD.redeemForm(assertion, World.refund(9_000)));

    assertThat(answer.text("error")).isEqualTo("access_denied");
  }

  @Test
  void G05_theCodeIsKeptOnlyAsAKeyedDigest() {
    Person person = WORLD.person();
    Answer stepUp = WORLD.exchange(person, 9_000);
    String code = WORLD.codeFor(person);

    assertThat(
            count(
                "SELECT count(*) FROM approval WHERE id = ? AND approval::text LIKE '%"
                    + code
                    + "%'",
                stepUp))
        .isZero();
    assertThat(stepUp.body()).doesNotContain(code);
    assertThat(WORLD.verification(stepUp).body()).doesNotContain(code);
    assertThat(WORLD.send("GET", "/approve/" + stepUp.text("approval_id"), null).body())
        .doesNotContain(code);
  }

  private static int count(String sql, Answer stepUp) {
    return WORLD.database.query(connection -> {
      try (var statement = connection.prepareStatement(sql)) {
        statement.setString(1, stepUp.text("approval_id"));
        try (var rows = statement.executeQuery()) {
          rows.next();
          return rows.getInt(1);
        }
      }
    });
  }

  static <T> List<T> together(int threads, Callable<T> work) {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(executor.submit(work));
      }
      var results = new ArrayList<T>();
      for (Future<T> one : running) {
        results.add(one.get());
      }
      return results;
    } catch (ExecutionException failed) {
      throw new IllegalStateException(failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }
}
