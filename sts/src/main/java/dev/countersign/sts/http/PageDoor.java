package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.sts.stepup.Answers;
import dev.countersign.sts.stepup.PageVisits;
import dev.countersign.sts.stepup.Proof;
import dev.countersign.sts.stepup.Visitor;
import dev.countersign.sts.stepup.Words;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The door of the approval page: nobody passes it without signing in at their own identity
/// provider, and what lies behind is told to nobody outside.
final class PageDoor {
  /// Where the person's own passkeys are, beside approvals.
  static final String PASSKEYS = "passkeys";

  private static final Pattern TARGET = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Duration STAY = Duration.ofMinutes(10);
  private static final Duration AWAY = Duration.ofMinutes(10);
  private static final Pattern ORIGIN = Pattern.compile("https?://[A-Za-z0-9.:\\[\\]-]+");

  private final PageSignIn signIn;
  private final PageVisits visits;
  private final ApprovalCookie cookie;
  private final Answers answers;
  private final String policy;
  private final InstantSource clock;

  /// @param issuers the identity providers' issuers, by anchor
  PageDoor(
      PageSignIn signIn,
      PageVisits visits,
      ApprovalCookie cookie,
      Answers answers,
      Map<String, String> issuers,
      InstantSource clock) {
    this.signIn = signIn;
    this.visits = visits;
    this.cookie = cookie;
    this.answers = answers;
    this.clock = clock;
    // Browsers hold the redirect that answers a form against form-action as well.
    this.policy =
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:;"
            + " base-uri 'none'; frame-ancestors 'none'; form-action 'self' "
            + issuers.values().stream()
                .map(PageDoor::origin)
                .distinct()
                .sorted()
                .collect(Collectors.joining(" "));
  }

  private static String origin(String issuer) {
    URI uri = URI.create(issuer);
    String origin = uri.getScheme() + "://" + uri.getRawAuthority();
    return ORIGIN.matcher(origin).matches() ? origin : "";
  }

  /// Answers with a page of ours.
  void page(ServerResponse response, int status, String html) {
    Http.html(response, status, html, policy);
  }

  /// Who is at this browser, if somebody is.
  Optional<PageVisits.Visit> visitor(ServerRequest request) {
    return cookie.known(request).flatMap(browser -> visits.of(browser, clock.instant()));
  }

  /// Shows the door.
  void show(ServerResponse response, String target) {
    show(response, target, 200);
  }

  /// Shows the door to somebody whose form came too late.
  void showAgain(ServerResponse response, String target) {
    show(response, target, 403);
  }

  private void show(ServerResponse response, String target, int status) {
    Map<String, String> providers = signIn.labels();
    if (providers.isEmpty()) {
      page(
          response,
          503,
          PageFrame.message(
              "Sign-in is not set up",
              "Nobody can sign in here yet. Please tell whoever runs this service."));
      return;
    }
    page(response, status, SignInMarkup.door(providers, isTarget(target) ? target : PASSKEYS));
  }

  static boolean isTarget(String text) {
    return TARGET.matcher(text).matches();
  }

  /// `GET /approve/sign-in/{anchor}?to=…`: to the identity provider.
  void leave(ServerRequest request, ServerResponse response) {
    String anchor = request.path().pathParameters().get("anchor");
    Map<String, String> query = Http.query(request);
    String target = query.getOrDefault("to", "");
    if (!signIn.labels().containsKey(anchor) || !isTarget(target)) {
      unknown(response);
      return;
    }
    boolean again = "true".equals(query.get("again"));
    leave(response, cookie.ensure(request, response), anchor, target, false, "", again);
  }

  /// Sends the browser to the identity provider.
  ///
  /// @param approves whether the new authentication is to be the proof
  void leave(
      ServerResponse response,
      Secret browser,
      String anchor,
      String target,
      boolean approves,
      String number,
      boolean again) {
    PageVisits.Attempt attempt = signIn.attempt(browser, anchor, target, approves, number);
    try {
      String address = signIn.address(attempt, again);
      visits.leave(attempt);
      Http.redirect(response, address);
    } catch (UnavailableException away) {
      providerAway(response);
    }
  }

  /// `GET /approve/callback/{anchor}`: back from the identity provider.
  void comeBack(ServerRequest request, ServerResponse response) {
    Map<String, String> answer = Http.query(request);
    String anchor = request.path().pathParameters().get("anchor");
    Instant now = clock.instant();
    Optional<PageVisits.Attempt> attempt =
        cookie
            .known(request)
            .flatMap(browser ->
                visits.comeBack(
                    new Secret(answer.getOrDefault("state", "")), browser, now.minus(AWAY)))
            .filter(left -> left.anchor().equals(anchor));
    if (attempt.isEmpty()) {
      page(
          response,
          400,
          PageFrame.message(
              "Please start again",
              "This sign-in was not started in this browser, or took too long. Open the link of your"
                  + " request again; cookies must be allowed for this page."));
      return;
    }
    try {
      switch (signIn.complete(attempt.get(), answer)) {
        case PageSignIn.SignedIn.Person person -> enter(response, attempt.get(), person, now);
        case PageSignIn.SignedIn.Refused(String reason) ->
            page(
                response,
                403,
                PageFrame.message(
                    "You are not signed in",
                    Character.toUpperCase(reason.charAt(0))
                        + reason.substring(1)
                        + ". Open the link of your request again."));
      }
    } catch (UnavailableException away) {
      providerAway(response);
    }
  }

  private void enter(
      ServerResponse response,
      PageVisits.Attempt attempt,
      PageSignIn.SignedIn.Person person,
      Instant now) {
    visits.signOut(attempt.browser());
    visits.enter(
        cookie.renew(response),
        new PageVisits.Visit(
            person.subject(),
            Words.plain(person.name()),
            now,
            person.authenticatedAt(),
            now.plus(STAY),
            person.marks()));
    if (attempt.approves()) {
      answers.approve(
          attempt.target(),
          new Answers.Approver.OnPage(new Visitor(person.subject(), person.marks(), now)),
          new Proof.FreshSignIn(
              person.subject(),
              attempt.startedAt(),
              person.authenticatedAt(),
              person.acr(),
              attempt.number()));
    }
    Http.redirect(response, "/approve/" + attempt.target());
  }

  private void providerAway(ServerResponse response) {
    response.header("Retry-After", "5");
    page(
        response,
        503,
        PageFrame.message(
            "Your identity provider does not answer", "Please try again in a moment."));
  }

  /// The same answer for what is not there and what is not the visitor's.
  void unknown(ServerResponse response) {
    page(
        response,
        404,
        PageFrame.message(
            "Nothing to approve here",
            "There is no such request for you. Perhaps the link was cut off, or you are signed in as"
                + " somebody else."));
  }
}
