package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.stepup.Answers;
import dev.countersign.sts.stepup.Answers.Answered;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.PageVisits;
import dev.countersign.sts.stepup.Proof;
import dev.countersign.sts.stepup.StepUps;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `/approve/{id}`: where a person sees their request and answers it. GET shows, only POST changes,
/// and both only for the one person whose request it is.
final class ApprovalPage {
  private static final String SEND = "send-";

  private final StepUps stepUps;
  private final Answers answers;
  private final PageDoor door;
  private final ApprovalCookie cookie;
  private final PasskeyPage passkeys;
  private final InstantSource clock;

  ApprovalPage(
      StepUps stepUps,
      Answers answers,
      PageDoor door,
      ApprovalCookie cookie,
      PasskeyPage passkeys,
      InstantSource clock) {
    this.stepUps = stepUps;
    this.answers = answers;
    this.door = door;
    this.cookie = cookie;
    this.passkeys = passkeys;
    this.clock = clock;
  }

  void show(ServerRequest request, ServerResponse response) {
    String id = id(request);
    Optional<PageVisits.Visit> visitor = door.visitor(request);
    if (visitor.isEmpty()) {
      door.show(response, id);
      return;
    }
    Optional<Approval> approval = stepUps.find(id, visitor.get().visitor());
    if (approval.isEmpty()) {
      door.unknown(response);
      return;
    }
    show(request, response, visitor.get(), approval.get(), 200, "");
  }

  void answer(ServerRequest request, ServerResponse response) {
    String id = id(request);
    Map<String, String> form = Http.form(request);
    Optional<Secret> browser = cookie.sender(request, id, form.getOrDefault("csrf", ""));
    if (browser.isEmpty()) {
      door.page(
          response,
          403,
          PageFrame.message(
              "Please open the page again",
              "This form did not come from a page that was shown to this browser."
                  + " Open the link of your request again; cookies must be allowed for this page."));
      return;
    }
    Optional<PageVisits.Visit> visitor = door.visitor(request);
    if (visitor.isEmpty()) {
      door.showAgain(response, id);
      return;
    }
    answer(request, response, new Form(id, browser.get(), visitor.get(), form));
  }

  private void answer(ServerRequest request, ServerResponse response, Form form) {
    var approver = new Answers.Approver.OnPage(form.visitor().visitor());
    String action = form.field("action");
    Optional<Answered> answered =
        switch (action) {
          case "approve" ->
              answers.approve(form.id(), approver, new Proof.Code(form.field("code")));
          case "passkey" ->
              answers.approve(
                  form.id(),
                  approver,
                  new Proof.Passkey(form.field("response"), form.field("number")));
          case "deny" -> answers.deny(form.id(), approver);
          case "suspicious" -> answers.reportSuspicious(form.id(), approver);
          default -> {
            other(request, response, form, action);
            yield null;
          }
        };
    if (answered == null) {
      return;
    }
    if (answered.isEmpty()) {
      door.unknown(response);
      return;
    }
    show(request, response, form.visitor(), answered.get());
  }

  /// Actions that do not answer yet.
  private void other(ServerRequest request, ServerResponse response, Form form, String action) {
    String subject = form.visitor().subject();
    Optional<Approval> approval = stepUps.find(form.id(), form.visitor().visitor());
    boolean isPending =
        approval.filter(one -> one.state(clock.instant()) == Approval.State.PENDING).isPresent();
    if (!isPending) {
      approval.ifPresentOrElse(
          one -> show(request, response, form.visitor(), one, 409, ""),
          () -> door.unknown(response));
      return;
    }
    List<Factor> ways = stepUps.ways(approval.get(), subject);
    if (action.equals("idp") && ways.contains(Factor.IDP)) {
      door.leave(
          response,
          form.browser(),
          form.visitor().visitor().anchor(),
          form.id(),
          true,
          form.field("number"),
          true);
      return;
    }
    Optional<Factor> channel =
        ways.stream().filter(way -> action.equals(SEND + way.code())).findFirst();
    if (channel.isEmpty()) {
      door.unknown(response);
      return;
    }
    Optional<String> failed = stepUps.sendBy(approval.get(), channel.get(), subject);
    show(
        request,
        response,
        form.visitor(),
        stepUps.find(form.id()).orElseThrow(),
        failed.isEmpty() ? 200 : 502,
        failed.map(reason -> "We " + reason + ".").orElse(""));
  }

  private void show(
      ServerRequest request, ServerResponse response, PageVisits.Visit visitor, Answered answered) {
    switch (answered) {
      case Answered.Taken(Approval approval, Approval.Answer _, var _) ->
          show(request, response, visitor, stepUps.find(approval.id()).orElse(approval), 200, "");
      case Answered.WrongCode(Approval approval, int left) ->
          show(
              request,
              response,
              visitor,
              approval,
              400,
              "That was not right. "
                  + (left == 1 ? "One try is left." : left + " tries are left."));
      case Answered.Locked(Approval approval) ->
          show(
              request,
              response,
              visitor,
              approval,
              429,
              "There were too many wrong tries. Nothing can be approved for up to an hour; you can"
                  + " still deny.");
      case Answered.NotTheirs(Approval approval) ->
          show(
              request, response, visitor, approval, 403, "It takes somebody else to approve this.");
      case Answered.NotAnswerable(Approval approval, Approval.State state) ->
          show(
              request,
              response,
              visitor,
              approval,
              409,
              state == Approval.State.PENDING ? "This cannot be approved in that way." : "");
    }
  }

  private void show(
      ServerRequest request,
      ServerResponse response,
      PageVisits.Visit visitor,
      Approval approval,
      int status,
      String note) {
    Instant now = clock.instant();
    Approval.State state = approval.state(now);
    if (state != Approval.State.PENDING) {
      door.page(response, status, ApprovalMarkup.settled(approval, state, visitor));
      return;
    }
    String subject = visitor.subject();
    List<Factor> ways = stepUps.ways(approval, subject);
    var sendable = new EnumMap<Factor, String>(Factor.class);
    for (Factor way : List.of(Factor.EMAILOTP, Factor.SMSOTP)) {
      if (ways.contains(way) && !(approval.isSentTo(subject) && approval.channel() == way)) {
        stepUps.masked(approval, way, subject).ifPresent(masked -> sendable.put(way, masked));
      }
    }
    Secret browser = cookie.ensure(request, response);
    var pending =
        new ApprovalMarkup.Pending(
            approval,
            visitor.name(),
            subject,
            stepUps.mayApprove(approval, subject),
            ways,
            sendable,
            ways.contains(Factor.PASSKEY) ? passkeys.assertionOptions(approval, subject) : null,
            passkeys.isOffered(),
            cookie.token(browser, approval.id()),
            now,
            note);
    door.page(response, status, ApprovalMarkup.pending(pending));
  }

  private static String id(ServerRequest request) {
    return request.path().pathParameters().get("id");
  }

  /// What was sent from the page.
  private record Form(
      String id, Secret browser, PageVisits.Visit visitor, Map<String, String> fields) {
    String field(String name) {
      return fields.getOrDefault(name, "");
    }
  }
}
