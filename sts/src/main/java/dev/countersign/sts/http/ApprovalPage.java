package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.StepUps;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/// `/approve/{id}`: the one place where a code is taken. GET shows, only POST changes.
final class ApprovalPage {
  private final StepUps stepUps;
  private final ApprovalCookie cookie;
  private final InstantSource clock;

  ApprovalPage(StepUps stepUps, ApprovalCookie cookie, InstantSource clock) {
    this.stepUps = stepUps;
    this.cookie = cookie;
    this.clock = clock;
  }

  void show(ServerRequest request, ServerResponse response) {
    String id = id(request);
    Optional<Approval> approval = stepUps.find(id);
    if (approval.isEmpty()) {
      unknown(response);
      return;
    }
    show(request, response, approval.get(), 200, "");
  }

  void answer(ServerRequest request, ServerResponse response) {
    String id = id(request);
    Map<String, String> form = Http.form(request);
    if (!cookie.matches(request, id, form.getOrDefault("csrf", ""))) {
      Http.html(
          response,
          403,
          ApprovalMarkup.message(
              "Please open the page again",
              "This form did not come from a page that was shown to this browser."
                  + " Open the link of the mail again; cookies must be allowed for this page."));
      return;
    }
    Optional<StepUps.Answered> answered =
        switch (form.getOrDefault("action", "")) {
          case "approve" -> stepUps.approve(id, form.getOrDefault("code", ""));
          case "deny" -> stepUps.deny(id);
          case "suspicious" -> stepUps.reportSuspicious(id);
          default -> Optional.empty();
        };
    if (answered.isEmpty()) {
      unknown(response);
      return;
    }
    show(request, response, answered.get());
  }

  private void show(ServerRequest request, ServerResponse response, StepUps.Answered answered) {
    switch (answered) {
      case StepUps.Answered.Taken(Approval approval, Approval.Answer _, var _) ->
          show(request, response, stepUps.find(approval.id()).orElse(approval), 200, "");
      case StepUps.Answered.WrongCode(Approval approval, int left) ->
          show(
              request,
              response,
              approval,
              400,
              "That is not the code. "
                  + (left == 1 ? "One try is left." : left + " tries are left."));
      case StepUps.Answered.NotAnswerable(Approval approval, Approval.State state) ->
          Http.html(response, 409, ApprovalMarkup.settled(approval, state));
    }
  }

  private void show(
      ServerRequest request, ServerResponse response, Approval approval, int status, String note) {
    Instant now = clock.instant();
    Approval.State state = approval.state(now);
    String html =
        state == Approval.State.PENDING
            ? ApprovalMarkup.pending(
                approval, cookie.token(request, response, approval.id()), now, note)
            : ApprovalMarkup.settled(approval, state);
    Http.html(response, status, html);
  }

  private static String id(ServerRequest request) {
    return request.path().pathParameters().get("id");
  }

  private static void unknown(ServerResponse response) {
    Http.html(
        response,
        404,
        ApprovalMarkup.message(
            "Nothing to approve here",
            "There is no such request. Perhaps the link was cut off; open the one in the mail."));
  }
}
