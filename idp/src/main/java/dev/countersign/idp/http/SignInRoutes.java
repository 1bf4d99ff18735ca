package dev.countersign.idp.http;

import dev.countersign.box.Http;
import dev.countersign.idp.AuthorizationParameters;
import dev.countersign.idp.AuthorizationRequest;
import dev.countersign.idp.AuthorizationServer;
import dev.countersign.idp.AuthorizeCheck;
import dev.countersign.idp.BrowserSession;
import dev.countersign.idp.Directory;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.Person;
import dev.countersign.idp.SignInForms;
import dev.countersign.idp.SignIns;
import dev.countersign.protocol.Secret;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The authorization endpoint and the sign-in form of one provider.
///
/// A form is bound to the browser it was shown in by a cookie, so that nobody signs another's
/// browser in; a live session cookie signs in without a form.
final class SignInRoutes {
  static final String FORM_PATH = "/sign-in";
  private static final Set<String> FORM_PROMPTS = Set.of("login", "select_account");
  private static final String WRONG = "The user name or password is incorrect.";

  private final Pages pages;
  private final Browser browser;
  private final Directory directory;
  private final SignIns signIns;
  private final SignInForms forms;
  private final LoginEvents events;
  private final InstantSource clock;

  SignInRoutes(
      Pages pages,
      Browser browser,
      Directory directory,
      SignIns signIns,
      LoginEvents events,
      InstantSource clock) {
    this.pages = pages;
    this.browser = browser;
    this.directory = directory;
    this.signIns = signIns;
    this.forms = new SignInForms(clock);
    this.events = events;
    this.clock = clock;
  }

  /// `GET …/authorize` of one authorization server.
  Handler authorize(AuthorizationServer server) {
    return (request, response) -> {
      var parameters = new AuthorizationParameters(Http.query(request));
      switch (server.check(parameters)) {
        case AuthorizeCheck.Accepted(AuthorizationRequest accepted) ->
            signIn(server, accepted, request, response);
        case AuthorizeCheck.Shown shown -> show(response, shown);
        case AuthorizeCheck.Returned returned -> sendBack(response, returned);
      }
    };
  }

  private void signIn(
      AuthorizationServer server,
      AuthorizationRequest asked,
      ServerRequest request,
      ServerResponse response) {
    Optional<String> cookie = browser.session(request);
    Optional<BrowserSession> session =
        cookie.flatMap(signIns::session).filter(known -> isEnough(known, asked));
    if (session.isPresent() && !FORM_PROMPTS.contains(asked.prompt())) {
      Optional<String> code = signIns.issueCode(cookie.orElseThrow(), asked);
      if (code.isPresent()) {
        events.note(
            LoginEvents.Kind.SIGNED_IN_SILENTLY,
            session.get().person().username(),
            asked.client().id());
        Answers.back(response, asked.reply(), Map.of("code", code.get()));
        return;
      }
    }
    if (asked.prompt().equals("none")) {
      if (server.signInNeeded(asked) instanceof AuthorizeCheck.Returned returned) {
        sendBack(response, returned);
      }
      return;
    }
    String id = forms.show(asked, browser.ensureForm(request, response));
    showForm(response, 200, asked, id, asked.loginHint(), "");
  }

  private boolean isEnough(BrowserSession session, AuthorizationRequest asked) {
    boolean isRecent =
        asked.maxAge() < 0
            || !session.authenticatedAt().plusSeconds(asked.maxAge()).isBefore(clock.instant());
    return isRecent && (session.hadSecondFactor() || !asked.needsSecondFactor());
  }

  /// `POST /sign-in`: the fields `flow`, `username` and `password`; then, where a second factor is
  /// asked for, `flow` and `second`.
  void submit(ServerRequest request, ServerResponse response) {
    Map<String, String> fields = Http.form(request);
    String id = fields.getOrDefault("flow", "");
    Optional<AuthorizationRequest> asked =
        browser.form(request).flatMap(cookie -> forms.find(id, cookie));
    if (asked.isEmpty()) {
      Http.html(
          response,
          400,
          pages.refusal(
              "form_expired",
              "The form has expired, was tried too often, or belongs to another browser. Go back"
                  + " to the application and start again."));
      return;
    }
    Optional<Person> passed = forms.person(id);
    if (passed.isPresent()) {
      forms.finish(id);
      succeed(passed.get(), true, asked.get(), request, response);
      return;
    }
    String username = fields.getOrDefault("username", "").strip();
    Optional<Person> known = directory.byUsername(username);
    Optional<Person> person =
        known.filter(p -> p.password().equals(new Secret(fields.getOrDefault("password", ""))));
    if (person.isEmpty()) {
      forms.fail(id);
      events.note(
          LoginEvents.Kind.SIGN_IN_FAILED,
          known.map(Person::username).orElse(""),
          asked.get().client().id());
      showForm(response, 400, asked.get(), id, username, WRONG);
      return;
    }
    if (asked.get().needsSecondFactor()) {
      forms.passed(id, person.get());
      Http.html(
          response,
          200,
          pages.secondFactor(FORM_PATH, id, asked.get().client().name()),
          policy(asked.get().reply().redirectUri()));
      return;
    }
    forms.finish(id);
    succeed(person.get(), false, asked.get(), request, response);
  }

  private void succeed(
      Person person,
      boolean hadSecondFactor,
      AuthorizationRequest asked,
      ServerRequest request,
      ServerResponse response) {
    browser.session(request).ifPresent(signIns::close);
    String cookie = signIns.open(person, hadSecondFactor);
    Optional<String> code = signIns.issueCode(cookie, asked);
    events.note(LoginEvents.Kind.SIGNED_IN, person.username(), asked.client().id());
    browser.setSession(response, cookie);
    if (code.isPresent()) {
      Answers.back(response, asked.reply(), Map.of("code", code.get()));
    } else {
      show(response, new AuthorizeCheck.Shown("session_ended", "The session has just ended."));
    }
  }

  /// Ends the browser's session, if it has one.
  void signOut(ServerRequest request, ServerResponse response) {
    browser
        .session(request)
        .flatMap(signIns::close)
        .ifPresent(
            session -> events.note(LoginEvents.Kind.SIGNED_OUT, session.person().username(), ""));
    browser.clearSession(response);
  }

  void showSignedOut(ServerResponse response) {
    Http.html(response, 200, pages.signedOut());
  }

  void show(ServerResponse response, AuthorizeCheck.Shown shown) {
    Http.html(response, 400, pages.refusal(shown.code(), shown.text()));
  }

  private static void sendBack(ServerResponse response, AuthorizeCheck.Returned returned) {
    Answers.back(
        response,
        returned.reply(),
        Map.of("error", returned.error(), "error_description", returned.description()));
  }

  private void showForm(
      ServerResponse response,
      int status,
      AuthorizationRequest asked,
      String id,
      String username,
      String error) {
    Http.html(
        response,
        status,
        pages.signIn(FORM_PATH, id, asked.client().name(), username, error),
        policy(asked.reply().redirectUri()));
  }

  // Browsers hold the redirect that answers a form against form-action as well.
  private static String policy(String redirectUri) {
    URI target = URI.create(redirectUri);
    String origin = target.getScheme() + "://" + target.getRawAuthority();
    return "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' "
        + (origin.matches("https?://[A-Za-z0-9.:\\[\\]-]+") ? origin : "")
        + "; base-uri 'none'; frame-ancestors 'none'";
  }
}
