package dev.countersign.console.http;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.ToolInfo;
import dev.countersign.agent.ToolList;
import dev.countersign.box.Http;
import dev.countersign.console.Call;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Pattern;
import dev.countersign.console.Provider;
import dev.countersign.console.Session;
import dev.countersign.console.Sessions;
import dev.countersign.console.SignInAttempt;
import dev.countersign.console.SignInResult;
import dev.countersign.console.ToolForm;
import dev.countersign.console.chat.Assistant;
import dev.countersign.console.chat.Model;
import dev.countersign.console.chat.ToolCaller;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import dev.countersign.protocol.http.OpenIdProvider;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// A person's pages: sign in, call tools, sign out.
public final class PersonRoutes {
  private static final String CALLS = "/call";

  private final ConsoleConfig config;
  private final Sessions sessions;
  private final PersonSessions people;
  private final IdentityProviders providers;
  private final McpClient gateway;
  private final Peers peers;
  private final Cookies cookies;
  private final OperatorRoutes operator;
  private final Optional<ChatRoutes> chat;
  private final InstantSource clock;

  /// @param model of the chat, where there is one
  /// @param callers of tools in the chat, one for each pattern that is offered
  public PersonRoutes(
      ConsoleConfig config,
      McpClient gateway,
      Optional<Model> model,
      Map<Pattern, ToolCaller> callers,
      LedgerReader ledger,
      OperatorRoutes operator,
      InstantSource clock) {
    this.config = config;
    this.sessions = new Sessions(config.limits(), clock);
    this.providers = new IdentityProviders(config, clock);
    this.gateway = gateway;
    this.cookies = new Cookies(config.address().getScheme().equals("https"));
    this.people = new PersonSessions(config, sessions, providers, cookies, clock);
    this.peers = new Peers(config.peers());
    this.operator = operator;
    this.clock = clock;
    this.chat =
        model.map(one ->
            new ChatRoutes(
                people,
                new Assistant(
                    one,
                    gateway,
                    callers,
                    ledger,
                    jti -> Boxes.refused(ledger, jti),
                    people::look,
                    clock),
                callers.keySet(),
                config.providers(),
                gateway,
                ledger,
                clock));
  }

  public void install(HttpRouting.Builder routing) {
    routing
        .get("/", this::home)
        .get("/sign-in/{provider}", this::leave)
        .get("/callback/{provider}", this::comeBack)
        .post("/backchannel-logout/{provider}", this::endedElsewhere)
        .post("/sign-out", this::signOut)
        .get(CALLS, this::tools)
        .post(CALLS, this::call);
    chat.ifPresent(routes -> routes.install(routing));
    Assets.install(routing);
  }

  /// What answers where nothing else does.
  public void installLast(HttpRouting.Builder routing) {
    routing.get(
        "/*",
        (_, response) ->
            Http.html(response, 404, Layout.message("Not found", "There is no such page.")));
  }

  private String start() {
    return chat.isPresent() ? ChatRoutes.CHAT : CALLS;
  }

  private void home(ServerRequest request, ServerResponse response) {
    Optional<Session> session = session(request);
    if (session.isPresent()) {
      Http.redirect(response, start());
      return;
    }
    boolean hasEnded = Http.query(request).containsKey("ended");
    Http.html(response, 200, SignInMarkup.choose(config.providers(), hasEnded));
  }

  private void leave(ServerRequest request, ServerResponse response) {
    Optional<Provider> provider = provider(request);
    if (provider.isEmpty()) {
      Http.html(response, 404, Layout.message("Not found", "There is no such provider."));
      return;
    }
    String browser = Ids.random();
    var nonce = new Secret(Ids.random());
    Secret verifier = IdentityProviders.newVerifier();
    String state = sessions.begin(provider.get(), browser, nonce, verifier);
    String target;
    try {
      target = providers.authorizationRequest(provider.get(), state, nonce, verifier);
    } catch (UnavailableException away) {
      away(response);
      return;
    }
    cookies.set(response, Cookies.SIGN_IN, browser);
    Http.redirect(response, target);
  }

  private void comeBack(ServerRequest request, ServerResponse response) {
    Map<String, String> answer = Http.query(request);
    Optional<SignInAttempt> attempt =
        cookies
            .read(request, Cookies.SIGN_IN)
            .flatMap(browser -> sessions.take(answer.getOrDefault("state", ""), browser))
            .filter(known -> provider(request).filter(known.provider()::equals).isPresent());
    cookies.clear(response, Cookies.SIGN_IN);
    if (attempt.isEmpty()) {
      Http.html(
          response,
          400,
          Layout.message(
              "Please sign in again",
              "This sign-in was not begun in this browser, took too long, or was used before."));
      return;
    }
    try {
      switch (providers.complete(attempt.get(), answer)) {
        case SignInResult.Refused(String reason) ->
            Http.html(response, 403, Layout.message("You are not signed in", reason + "."));
        case SignInResult.SignedIn signedIn -> open(attempt.get(), signedIn, request, response);
      }
    } catch (UnavailableException away) {
      away(response);
    }
  }

  private void open(
      SignInAttempt attempt,
      SignInResult.SignedIn signedIn,
      ServerRequest request,
      ServerResponse response) {
    cookies
        .read(request, Cookies.SESSION)
        .ifPresent(cookie -> sessions.end(cookie, "You signed in again."));
    cookies.set(response, Cookies.SESSION, sessions.open(attempt.provider(), signedIn));
    Http.redirect(response, start());
  }

  private void signOut(ServerRequest request, ServerResponse response) {
    Optional<Session> session = session(request);
    if (session.isPresent() && !hasCsrf(session.get(), Http.form(request))) {
      foreignForm(response);
      return;
    }
    people.end(request, response, "You signed out.");
    Optional<String> further = session.flatMap(this::signOutAtProvider);
    if (further.isPresent()) {
      // A redirect would be a form's way to another site, which the pages' own policy forbids.
      response.header("Refresh", "0; url=" + further.get());
      Http.html(response, 200, SignInMarkup.signOutAt(session.get().provider(), further.get()));
    } else {
      Http.redirect(response, "/");
    }
  }

  /// Where the provider ends its session too; it sends the person back here.
  private Optional<String> signOutAtProvider(Session session) {
    try {
      return providers.signOutRequest(session);
    } catch (UnavailableException away) {
      return Optional.empty();
    }
  }

  /// The provider says that a session there is over.
  private void endedElsewhere(ServerRequest request, ServerResponse response) {
    Optional<Provider> provider = provider(request);
    String token = Http.form(request).getOrDefault("logout_token", "");
    Optional<OpenIdProvider.Ended> ended = provider.flatMap(known -> providers.ended(known, token));
    if (provider.isEmpty() || ended.isEmpty()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "`logout_token` is no logout token of this provider for us");
    }
    if (!Http.query(request).containsKey("relayed")) {
      peers.tell(provider.get(), token);
    }
    OpenIdProvider.Ended over = ended.get();
    if (!sessions.endOf(provider.get(), over.id(), over.sid(), over.subject())) {
      throw new WireException(OAuthError.INVALID_REQUEST, "`logout_token` was sent before");
    }
    Http.empty(response, 200);
  }

  private void tools(ServerRequest request, ServerResponse response) {
    Optional<Session> session = session(request);
    if (session.isEmpty()) {
      Http.redirect(response, "/");
      return;
    }
    String tool = Http.query(request).getOrDefault("tool", "");
    show(session.get(), tool, "", request, response);
  }

  private void show(
      Session session,
      String tool,
      String problem,
      ServerRequest request,
      ServerResponse response) {
    var markup = new CallMarkup(session, chat.isPresent(), operator.isOperator(request));
    switch (gateway.listTools(session.bearer())) {
      case ToolList.Listed(List<ToolInfo> tools) -> {
        Optional<ToolInfo> chosen = chosen(tools, tool);
        Http.html(
            response,
            problem.isEmpty() ? 200 : 400,
            chosen.isPresent()
                ? markup.page(tools, ToolForm.of(chosen.get()), problem)
                : markup.withoutTools("The gateway shows you no tools."));
      }
      case ToolList.SignInRequired _ -> ended(request, response);
      case ToolList.Failed(String reason) ->
          Http.html(response, 503, markup.withoutTools("The gateway does not answer: " + reason));
    }
  }

  private static Optional<ToolInfo> chosen(List<ToolInfo> tools, String name) {
    return tools.stream()
        .filter(tool -> tool.name().equals(name))
        .findFirst()
        .or(() -> tools.stream().findFirst());
  }

  private void call(ServerRequest request, ServerResponse response) {
    Optional<Session> session = session(request);
    if (session.isEmpty()) {
      Http.redirect(response, "/");
      return;
    }
    Map<String, String> form = Http.form(request);
    if (!hasCsrf(session.get(), form)) {
      foreignForm(response);
      return;
    }
    String name = form.getOrDefault("tool", "");
    switch (gateway.listTools(session.get().bearer())) {
      case ToolList.Listed(List<ToolInfo> tools) -> {
        Optional<ToolInfo> tool =
            tools.stream().filter(known -> known.name().equals(name)).findFirst();
        if (tool.isEmpty()) {
          Http.html(response, 404, Layout.message("Not found", "There is no such tool."));
        } else {
          call(session.get(), tool.get(), form, request, response);
        }
      }
      case ToolList.SignInRequired _ -> ended(request, response);
      case ToolList.Failed(String reason) ->
          Http.html(response, 503, Layout.message("The gateway does not answer", reason + "."));
    }
  }

  private void call(
      Session session,
      ToolInfo tool,
      Map<String, String> form,
      ServerRequest request,
      ServerResponse response) {
    ObjectNode arguments;
    try {
      arguments = ToolForm.of(tool).arguments(form);
    } catch (IllegalArgumentException malformed) {
      show(session, tool.name(), String.valueOf(malformed.getMessage()), request, response);
      return;
    }
    CallOutcome outcome = gateway.callTool(session.bearer(), tool.name(), arguments);
    if (outcome instanceof CallOutcome.SignInRequired) {
      ended(request, response);
      return;
    }
    session.remember(new Call(tool.name(), arguments, clock.instant(), outcome));
    Http.redirect(response, CALLS + "?tool=" + Query.encode(tool.name()) + "#calls");
  }

  /// The bearer is no longer accepted, as after a kill: nothing of the session is kept.
  private void ended(ServerRequest request, ServerResponse response) {
    people.end(request, response, "Your sign-in is no longer accepted.");
    Http.redirect(response, "/?ended=1");
  }

  private Optional<Session> session(ServerRequest request) {
    Optional<Session> session = people.of(request);
    session.ifPresent(one -> one.see(clock.instant()));
    return session;
  }

  private static boolean hasCsrf(Session session, Map<String, String> form) {
    return session.csrf().equals(new Secret(form.getOrDefault("csrf", "")));
  }

  private Optional<Provider> provider(ServerRequest request) {
    String id = request.path().pathParameters().get("provider");
    return config.providers().stream().filter(provider -> provider.id().equals(id)).findFirst();
  }

  private static void foreignForm(ServerResponse response) {
    Http.html(
        response,
        403,
        Layout.message("Please open the page again", "This form was not shown to this browser."));
  }

  private static void away(ServerResponse response) {
    Http.html(
        response,
        503,
        Layout.message("The identity provider does not answer", "Please try again in a moment."));
  }
}
