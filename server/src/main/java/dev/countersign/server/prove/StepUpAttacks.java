package dev.countersign.server.prove;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// What cannot be done about an approval.
final class StepUpAttacks {
  private static final List<String> GUESSES =
      List.of("000000", "111111", "222222", "333333", "444444");

  private final Tenant tenant;

  StepUpAttacks(Tenant tenant) {
    this.tenant = tenant;
  }

  Property property() {
    return new Property(
        "step-up-holds",
        "A step-up cannot be skipped, swapped for another request, guessed, or answered by the agent.",
        "a compromised agent or MCP server that wants more than policy permits alone",
        this::play);
  }

  private void play(Scene scene) {
    int mails = tenant.approver().map(Approver::mails).orElse(0);
    Writes asked = Writes.large();
    Optional<Challenge> challenge = challenge(tenant.bearer(), asked);
    if (challenge.isEmpty()) {
      scene.untried(
          "G03",
          "sts",
          "every attack on an approval",
          "no approval was opened; the test person may have been asked too often this hour");
      return;
    }
    Challenge open = challenge.get();
    skipped(scene, open, asked);
    answeredByTheAgent(scene, open);
    if (tenant.approver().isEmpty()) {
      scene.untried(
          "G03", "sts", "swapping the request of a given approval", "nobody approves here");
      scene.untried("G01", "sts", "guessing the code", "nobody signs in here");
      return;
    }
    swapped(scene, open, asked, tenant.approver().get(), mails);
    guessed(scene, tenant.approver().get());
  }

  private void skipped(Scene scene, Challenge open, Writes asked) {
    scene.refused(
        "G13",
        "sts",
        "the challenge itself as the proof of its approval",
        "400",
        () -> secondLeg(tenant.client(), open.token(), asked),
        Answers.refusal("assertion", 400));
    scene.refused(
        "G13",
        "broker",
        "the challenge as an on-behalf-of token",
        "403, `typ`",
        () -> tenant.client().mint(open.token(), tenant.role()),
        Answers.refusal("`typ`", 403));
    scene.refused(
        "G03",
        "sts",
        "the same request again, before it was approved",
        "no token",
        () -> exchange(tenant.bearer(), asked),
        answer ->
            new Scene.Seen(
                isChallenge(answer) || !Answers.grants(answer),
                answer.status() + (isChallenge(answer) ? " a challenge, no token" : " a token")));
    scene.looked(
        "G10",
        "sts",
        "the proof of an approval that was not given",
        "no assertion",
        () -> tenant.client().showApproval(open.id(), open.token()),
        answer ->
            new Scene.Seen(
                !Answers.body(answer).has("assertion"),
                answer.status() + " " + Answers.body(answer).path("state").asString("pending")));
    scene.looked(
        "G10",
        "sts",
        "the approval of somebody else's challenge",
        "401 or 404",
        () -> tenant.client().showApproval("AAAAAAAAAAAAAAAAAAAAAA", open.token()),
        answer ->
            new Scene.Seen(
                List.of(400, 401, 403, 404).contains(answer.status()),
                answer.status() + " " + Answers.text(answer)));
  }

  private void answeredByTheAgent(Scene scene, Challenge open) {
    scene.refused(
        "G06",
        "sts",
        "a code that the agent passes on by itself",
        "403",
        () -> tenant.client().submitCode(open.id(), open.token(), "000000"),
        answer ->
            new Scene.Seen(
                List.of(400, 401, 403).contains(answer.status())
                    && !Answers.body(answer).has("assertion"),
                answer.status() + " " + Answers.shown(Answers.text(answer))));
    tenant
        .approver()
        .ifPresent(approver ->
            scene.looked(
                "G10",
                "sts",
                "the approval page in a browser where nobody signed in",
                "no request and no field for a code",
                () -> {
                  String page = approver.shown(open.page());
                  return new Scene.Seen(
                      !page.contains("name=\"code\""),
                      page.contains("name=\"code\"") ? "the form" : "a page that asks to sign in");
                },
                seen -> seen));
  }

  private void swapped(Scene scene, Challenge open, Writes asked, Approver approver, int mails) {
    Optional<String> code = approver.code(tenant.person(), mails);
    if (code.isEmpty()) {
      scene.untried("G03", "sts", "swapping the request", "no mail with a code came");
      return;
    }
    approver.answer(open.page(), tenant.person(), List.of(code.get()));
    var proof =
        new Secret(
            tenant.client().approval(open.id(), open.token()).path("assertion").asString(""));
    scene.refused(
        "G03",
        "sts",
        "a larger amount on an approval that a person gave",
        "400",
        () -> secondLeg(tenant.client(), proof, asked.of(asked.amount() * 10)),
        Answers.refusal("", 400));
    scene.refused(
        "G03",
        "sts",
        "another thing on the same approval",
        "400",
        () -> secondLeg(tenant.client(), proof, Writes.large()),
        Answers.refusal("", 400));
    scene.refused(
        "G10",
        "sts",
        "the approval in the hands of another client",
        "400",
        () -> secondLeg(tenant.outsider(), proof, asked),
        Answers.refusal("", 400));
    scene.control(
        "sts",
        "the request that the person approved",
        "200, a token",
        () -> {
          WireClient.Answer answer = secondLeg(tenant.client(), proof, asked);
          return new Scene.Seen(
              answer.status() == 200 && Answers.grants(answer),
              answer.status() + " " + Answers.shown(Answers.text(answer)));
        });
    scene.refused(
        "C15",
        "sts",
        "the same approval a second time",
        "400, used before",
        () -> secondLeg(tenant.client(), proof, asked),
        Answers.refusal("used before", 400));
  }

  private void guessed(Scene scene, Approver approver) {
    Optional<Secret> bearer = tenant.secondBearer();
    if (bearer.isEmpty()) {
      scene.untried(
          "G01", "sts", "guessing the code", "no second person is named (prove.second-person)");
      return;
    }
    int mails = approver.mails();
    Optional<Challenge> challenge = challenge(bearer.get(), Writes.large());
    Optional<String> code = challenge.flatMap(_ -> approver.code(tenant.secondPerson(), mails));
    if (challenge.isEmpty() || code.isEmpty()) {
      scene.untried(
          "G01",
          "sts",
          "guessing the code",
          "the second person is asked nothing more this hour, after earlier guesses");
      return;
    }
    Challenge open = challenge.get();
    var typed = new ArrayList<String>(GUESSES);
    typed.removeIf(guess -> guess.equals(code.get()));
    typed.add("555556");
    typed.add(code.get());
    scene.refused(
        "G01",
        "sts",
        "five wrong codes, and then the right one",
        "no assertion: the approval is dead",
        () -> {
          approver.answer(open.page(), tenant.secondPerson(), typed);
          return tenant.client().showApproval(open.id(), open.token());
        },
        answer -> {
          ObjectNode said = Answers.body(answer);
          return new Scene.Seen(
              !said.has("assertion"),
              answer.status() + " " + said.path("state").asString(Answers.text(answer)));
        });
  }

  private Optional<Challenge> challenge(Secret bearer, Writes asked) {
    WireClient.Answer answer = exchange(bearer, asked);
    if (!isChallenge(answer)) {
      return Optional.empty();
    }
    ObjectNode said = Answers.body(answer);
    return Optional.of(
        new Challenge(
            said.path("approval_id").stringValue(),
            URI.create(said.path("approval_uri").stringValue()),
            new Secret(said.path("access_token").stringValue())));
  }

  private static boolean isChallenge(WireClient.Answer answer) {
    return Answers.body(answer).path("scope").asString("").equals("mfa_challenge");
  }

  private WireClient.Answer exchange(Secret bearer, Writes asked) {
    return tenant
        .client()
        .exchange(
            bearer,
            tenant.tokenType(),
            tenant.scope(),
            tenant.audience(),
            asked.details().canonical());
  }

  private WireClient.Answer secondLeg(Workload who, Secret proof, Writes asked) {
    return who.secondLeg(proof, tenant.scope(), tenant.audience(), asked.details());
  }

  private record Challenge(String id, URI page, Secret token) {}
}
