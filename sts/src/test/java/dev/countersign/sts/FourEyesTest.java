package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
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
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Requests that somebody else than the person who asks must approve.
class FourEyesTest {
  private static final String AMOUNT = "request.operationDetails.instructedAmount.amount";
  private static final Person LEAD = new Person("okta|lead-1", "lead-1", "lead@fabrikam.example");
  private static final Person OTHER = new Person("okta|lead-2", "lead-2", "noor@fabrikam.example");
  private static final Person NEW = new Person("okta|lead-3", "lead-3", "");

  private static final int PEOPLE = 1_001;
  private static final int GROUP_OR_ROLE = 2_001;
  private static final int BOTH = 3_001;
  private static final int NOBODY_KNOWN = 4_001;

  private static final World WORLD =
      new World(
          World.settings(),
          World.stepUp(
              StepUpSettings.Limits.defaults(), List.of(Factor.EMAILOTP, Factor.IDP), null));
  private static final StsBox STS =
      WORLD.replica(
          FreePort.any(),
          DecisionSettings.none(),
          PolicyFiles.fixed(
              policy(
                  rule("own", "> 500", "{}")
                      + rule("people", "== 1001", people("okta|lead-1", "okta|lead-2"))
                      + rule(
                          "marks",
                          "== 2001",
                          "{ by: { groups: ['okta|refund leads'], roles: ['entra|Approver'] } }")
                      + rule("leads", "== 3001", "{ by: { groups: ['okta|refund leads'] } }")
                      + rule("board", "== 3001", "{ by: { roles: ['okta|Board'] } }")
                      + rule("unknown", "== 4001", people("okta|lead-3")))));

  private static String people(String... keys) {
    return "{ by: { people: ['" + String.join("', '", keys) + "'] } }";
  }

  private static String rule(String name, String amount, String options) {
    return "  - { name: %s, type: \"%s\", when: %s %s, then: step_up, step_up: %s }\n"
        .formatted(name, World.REFUND, AMOUNT, amount, options);
  }

  private static Policy policy(String rules) {
    try {
      Path file = Files.createTempFile("policy", ".yaml");
      file.toFile().deleteOnExit();
      Files.writeString(file, "rules:\n" + rules);
      return Policy.load(file, TypeRegistry.load(World.file("types.yaml")));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @BeforeAll
  static void know() {
    for (Person person : List.of(LEAD, OTHER)) {
      StsBox.attributes(WORLD.database)
          .upsert(
              person.key(),
              AttributeStore.MAIL,
              StrictJson.parse("\"" + person.mail() + "\""),
              "import",
              World.NOON);
    }
    WORLD.okta.groups.put("in-group", List.of("refund leads"));
    WORLD.okta.groups.put("in-both", List.of("refund leads", "everyone"));
    WORLD.okta.roles.put("in-both", List.of("Board"));
    WORLD.entra.groups.put("in-group", List.of("refund leads"));
    WORLD.entra.roles.put("with-role", List.of("Approver"));
  }

  @AfterAll
  static void close() {
    STS.close();
    WORLD.close();
  }

  private static Answer ask(Person person, long cents) {
    return WORLD.post(STS.baseUri(), WORLD.exchangeForm(WORLD.token(person), World.refund(cents)));
  }

  /// Lets somebody approve by a new authentication at their identity provider.
  private static void approveAtProvider(String subject, String id) {
    String cookie = WORLD.signIn(subject, id);
    Answer away = WORLD.submit(WORLD.form(id, cookie), "idp", Map.of());
    WORLD.comeBack(away.header("location"), cookie, subject.substring(subject.indexOf('|') + 1));
  }

  private static Answer redeem(Answer stepUp, long cents) {
    String assertion = WORLD.verification(stepUp).text("assertion");
    return WORLD.post(STS.baseUri(), WORLD.redeemForm(assertion, World.refund(cents)));
  }

  private static int seeing(String subject, String id) {
    return WORLD.send("GET", "/approve/" + id, null, "Cookie", WORLD.signIn(subject, id)).status();
  }

  @Test
  void G09_anotherPersonApprovesWithACodeOfTheirOwn() {
    Person person = WORLD.person();
    int before = WORLD.mailsTo(LEAD.mail()).size();

    Answer stepUp = ask(person, PEOPLE);
    Answer repeat = ask(person, PEOPLE);

    String id = stepUp.text("approval_id");
    assertThat(repeat.text("approval_id")).isEqualTo(id);
    assertThat(stepUp.text("message")).contains("somebody else must approve it");
    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
    assertThat(WORLD.mailsTo(LEAD.mail())).as("once").hasSize(before + 1);
    assertThat(content(LEAD))
        .contains("10.01 USD", person.mail(), stepUp.text("number"), stepUp.text("approval_uri"))
        .doesNotContain("code:");

    Form form = WORLD.open(id, LEAD.key());
    String page = WORLD.send("GET", "/approve/" + id, null, "Cookie", form.cookie()).body();
    assertThat(page)
        .contains("Approve this for somebody else?", person.mail(), "as in their chat")
        .contains("Send a code to l•••@fabrikam.example")
        .doesNotContain("name=\"code\"");
    assertThat(WORLD.submit(form, "send-emailotp", Map.of()).body()).contains("name=\"code\"");
    String code = WORLD.codeFor(LEAD);
    assertThat(WORLD.submit(form, "approve", code).body()).contains("<h1>Approved</h1>");

    Answer token = redeem(stepUp, PEOPLE);
    assertThat(token.status()).as(token.body()).isEqualTo(200);
    assertThat(World.claims(token.text("access_token")).path("sub").stringValue())
        .isEqualTo(person.key());
    var given = WORLD.entries(LedgerEvent.APPROVAL_GIVEN, person.key()).getFirst().data();
    assertThat(given.path("by").stringValue()).isEqualTo(LEAD.key());
    assertThat(given.path("factor").stringValue()).isEqualTo("emailotp");
    var asked = WORLD.entries(LedgerEvent.EXCHANGE_STEP_UP, person.key()).getFirst().data();
    assertThat(asked.path("needs_another").booleanValue()).isTrue();
    assertThat(WORLD.verification(stepUp).body()).doesNotContain(code);
  }

  private static String content(Person person) {
    try {
      return String.valueOf(WORLD.mailsTo(person.mail()).getLast().getContent());
    } catch (IOException | jakarta.mail.MessagingException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }

  @Test
  void G09_nobodyApprovesTheirOwnRequest() {
    Person person = WORLD.person();
    Answer stepUp = ask(person, PEOPLE);
    String id = stepUp.text("approval_id");
    Form lead = WORLD.open(id, LEAD.key());
    WORLD.submit(lead, "send-emailotp", Map.of());
    String code = WORLD.codeFor(LEAD);
    Form own = WORLD.open(id, person.key());

    assertThat(WORLD.send("GET", "/approve/" + id, null, "Cookie", own.cookie()).body())
        .contains("Somebody else must approve this", "Pass the address of this page on")
        .doesNotContain("name=\"code\"", "value=\"idp\"", "Send a code");
    assertThat(WORLD.submit(own, "approve", code).status()).isEqualTo(403);
    assertThat(WORLD.submit(own, "idp", Map.of()).status()).isEqualTo(404);
    assertThat(WORLD.submit(own, "send-emailotp", Map.of()).status()).isEqualTo(404);

    assertThat(WORLD.mailsTo(person.mail())).isEmpty();
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
    assertThat(WORLD.entries(LedgerEvent.APPROVAL_REFUSED, person.key())).hasSize(1);
    assertThat(WORLD.submit(own, "deny", "").body()).contains("<h1>Denied</h1>");
    assertThat(WORLD.submit(lead, "approve", code).status()).as("too late").isEqualTo(409);
  }

  @Test
  void G09_aClientThatPassesCodesOnCannotEither() {
    Person person = WORLD.person();
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(PEOPLE));
    form.put("client_assertion", WORLD.assertion("older"));
    Answer stepUp = WORLD.post(STS.baseUri(), form);
    String id = stepUp.text("approval_id");
    WORLD.submit(WORLD.open(id, LEAD.key()), "send-emailotp", Map.of());

    Answer answer =
        WORLD.send(
            "POST",
            "/v2.0/factors/emailotp/transient/verifications/" + id + "?returnJwt=true",
            "{\"otp\":\"" + WORLD.codeFor(LEAD) + "\"}",
            "Authorization",
            "Bearer " + stepUp.text("access_token"),
            "Content-Type",
            "application/json");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("state")).isEqualTo("PENDING");
    assertThat(answer.json().has("assertion")).isFalse();
  }

  @Test
  void G09_onlyWhomThePolicyMeansSeesIt() {
    Person person = WORLD.person();
    String byPeople = ask(person, PEOPLE).text("approval_id");
    String byMarks = ask(person, GROUP_OR_ROLE).text("approval_id");
    String byBoth = ask(person, BOTH).text("approval_id");

    assertThat(seeing("okta|in-group", byPeople)).isEqualTo(404);
    assertThat(seeing("entra|lead-1", byPeople)).as("of another anchor").isEqualTo(404);
    assertThat(seeing(LEAD.key(), byMarks)).isEqualTo(404);
    assertThat(seeing("entra|in-group", byMarks)).as("of another anchor").isEqualTo(404);
    assertThat(seeing("okta|in-group", byMarks)).isEqualTo(200);
    assertThat(seeing("entra|with-role", byMarks)).isEqualTo(200);
    assertThat(seeing("okta|in-group", byBoth)).as("one of two").isEqualTo(404);
    assertThat(seeing("okta|in-both", byBoth)).isEqualTo(200);
  }

  @Test
  void G09_aGroupsMemberApprovesAtTheirOwnIdentityProvider() {
    Person person = WORLD.person();
    Answer stepUp = ask(person, GROUP_OR_ROLE);
    String id = stepUp.text("approval_id");
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");

    approveAtProvider("entra|with-role", id);

    assertThat(redeem(stepUp, GROUP_OR_ROLE).status()).isEqualTo(200);
    var given = WORLD.entries(LedgerEvent.APPROVAL_GIVEN, person.key()).getFirst().data();
    assertThat(given.path("by").stringValue()).isEqualTo("entra|with-role");
    assertThat(given.path("evidence").stringValue()).isEqualTo("c1");
  }

  @Test
  void G09_whoIsInTheGroupDoesNotApproveForThemselves() {
    var member = new Person("okta|in-group", "in-group", "in-group@fabrikam.example");
    Answer stepUp = ask(member, GROUP_OR_ROLE);

    Answer away =
        WORLD.submit(
            WORLD.open(stepUp.text("approval_id"), member.key()), "idp", Map.of("number", "10"));

    assertThat(away.status()).isEqualTo(404);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void G09_nobodyApprovesWithAnotherAccountOfTheirOwn() {
    String id = ForeignIssuer.id();
    Answer stepUp = ask(new Person("okta|" + id, id, "Lead@fabrikam.example"), PEOPLE);
    Form form = WORLD.open(stepUp.text("approval_id"), LEAD.key());

    assertThat(WORLD.submit(form, "send-emailotp", Map.of()).status()).isEqualTo(404);
    assertThat(WORLD.submit(form, "approve", "123456").status()).isEqualTo(403);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
  }

  @Test
  void G02_aCodeIsGoodForWhomItWasSentTo() {
    Person person = WORLD.person();
    Answer stepUp = ask(person, PEOPLE);
    String id = stepUp.text("approval_id");
    Form lead = WORLD.open(id, LEAD.key());
    Form other = WORLD.open(id, OTHER.key());
    WORLD.submit(lead, "send-emailotp", Map.of());
    String code = WORLD.codeFor(LEAD);

    assertThat(WORLD.submit(other, "approve", code).status()).isEqualTo(409);
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("PENDING");
    assertThat(WORLD.submit(other, "send-emailotp", Map.of()).status()).isEqualTo(200);
    assertThat(WORLD.submit(lead, "approve", code).status()).as("void by now").isEqualTo(409);
    assertThat(WORLD.submit(other, "approve", WORLD.codeFor(OTHER)).body())
        .contains("<h1>Approved</h1>");
  }

  @Test
  void G09_whoIsKilledApprovesNothingAndTakesBackWhatTheyGave() {
    WORLD.okta.groups.put("killed", List.of("refund leads"));
    Answer given = ask(WORLD.person(), GROUP_OR_ROLE);
    Person waits = WORLD.person();
    Answer waiting = ask(waits, GROUP_OR_ROLE);
    approveAtProvider("okta|killed", given.text("approval_id"));
    assertThat(WORLD.verification(given).text("state")).isEqualTo("VERIFY_SUCCESS");
    String assertion = WORLD.verification(given).text("assertion");
    Form form = WORLD.open(waiting.text("approval_id"), "okta|killed");

    WORLD.endSessions("okta|killed", "txn-approver", WORLD.receiverKey, "receiver");

    assertThat(WORLD.submit(form, "idp", Map.of()).status()).isEqualTo(403);
    assertThat(WORLD.submit(form, "deny", "").status()).isEqualTo(403);
    assertThat(WORLD.verification(waiting).text("state")).isEqualTo("PENDING");
    Answer refused =
        WORLD.post(STS.baseUri(), WORLD.redeemForm(assertion, World.refund(GROUP_OR_ROLE)));
    assertThat(refused.text("error")).isEqualTo("invalid_grant");
    assertThat(refused.text("error_description")).contains("not given");
  }

  @Test
  void G09_twoWhoMayApproveAndOneWhoDeniesMakeOneAnswer() {
    for (int round = 0; round < 3; round++) {
      Person person = WORLD.person();
      Answer stepUp = ask(person, PEOPLE);
      String id = stepUp.text("approval_id");
      Form lead = WORLD.open(id, LEAD.key());
      Form other = WORLD.open(id, OTHER.key());
      Form own = WORLD.open(id, person.key());
      WORLD.submit(lead, "send-emailotp", Map.of());
      String code = WORLD.codeFor(LEAD);

      List<CompletableFuture<Answer>> answers =
          IntStream.range(0, 9)
              .mapToObj(i ->
                  CompletableFuture.supplyAsync(() ->
                      switch (i % 3) {
                        case 0 -> WORLD.submit(lead, "approve", code);
                        case 1 -> WORLD.submit(other, "deny", "");
                        default -> WORLD.submit(own, "deny", "");
                      }))
              .toList();

      assertThat(answers.stream().map(CompletableFuture::join).filter(a -> a.status() == 200))
          .hasSize(1);
      assertThat(
              WORLD.entries(LedgerEvent.APPROVAL_GIVEN, person.key()).size()
                  + WORLD.entries(LedgerEvent.APPROVAL_DENIED, person.key()).size())
          .isEqualTo(1);
      WORLD.tick(Duration.ofMinutes(61));
    }
  }

  @Test
  void aRequestThatNobodyElseCanApproveIsDeniedAtOnce() {
    Answer unknown = ask(WORLD.person(), NOBODY_KNOWN);
    Answer own = ask(NEW, NOBODY_KNOWN);

    assertThat(unknown.text("error")).isEqualTo("access_denied");
    assertThat(unknown.text("error_description")).contains("know no mail address of a person");
    assertThat(own.text("error")).isEqualTo("access_denied");
    assertThat(own.text("error_description")).contains("it takes somebody else");
  }

  @Test
  void whoIsToApproveCanReportWhoeverAsked() {
    Person person = WORLD.person();
    Answer stepUp = ask(person, PEOPLE);

    Answer page =
        WORLD.submit(WORLD.open(stepUp.text("approval_id"), LEAD.key()), "suspicious", "");

    assertThat(page.body()).contains("whoever asked is being signed out");
    assertThat(WORLD.verification(stepUp).text("state")).isEqualTo("USER_FRAUDULENT");
    World.until(() -> !WORLD.transmitter.about(person.key()).isEmpty());
    assertThat(WORLD.transmitter.about(LEAD.key())).isEmpty();
    var denied = WORLD.entries(LedgerEvent.APPROVAL_DENIED, person.key()).getFirst().data();
    assertThat(denied.path("by").stringValue()).isEqualTo(LEAD.key());
    assertThat(ask(person, 100).status()).as("the requester is out").isEqualTo(400);
  }

  @Test
  void aPolicyWhoseApproversCannotSignInIsNotTaken() {
    Policy changed = policy(rule("people", "== 1001", people("payroll|lead-1")));

    assertThat(StsBox.objections(WORLD.config.stepUp(), DecisionSettings.none(), changed))
        .containsExactly(
            "a rule lets people of `payroll` approve for others, who cannot sign in at the approval"
                + " page: `sts.step-up.sign-in` does not name it");
  }

  @Test
  void aPollingClientGetsTheTokenWhenSomebodyElseHasApproved() {
    Person person = WORLD.person();
    var form = WORLD.exchangeForm(WORLD.token(person), World.refund(GROUP_OR_ROLE));
    form.put("client_assertion", WORLD.assertion("standard"));
    Answer stepUp = WORLD.post(STS.baseUri(), form);
    approveAtProvider("okta|in-group", stepUp.text("approval_id"));

    Answer token =
        WORLD.post(
            STS.baseUri(),
            Map.of(
                "grant_type",
                TokenTypes.CIBA_GRANT,
                "auth_req_id",
                stepUp.text("auth_req_id"),
                "client_assertion_type",
                TokenTypes.JWT_CLIENT_ASSERTION,
                "client_assertion",
                WORLD.assertion("standard")));

    assertThat(token.status()).as(token.body()).isEqualTo(200);
  }
}
