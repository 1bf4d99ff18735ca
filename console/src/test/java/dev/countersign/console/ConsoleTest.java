package dev.countersign.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.box.Listener;
import dev.countersign.console.box.ConsoleBox;
import dev.countersign.idp.EntraApi;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.OktaCustomServer;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.Person;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.idp.box.OktaShapedIdp;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConsoleTest {
  private static final String TENANT = "7a1de3e3-2f4d-4e2b-9a57-0c6f3b6f1001";
  private static final String ENTRA_CLIENT = "2f0d4e9b-8c1a-4c8f-9b53-9b7f4d2a2002";
  private static final Secret PASSWORD = new Secret("a long enough password");
  private static final String TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl";

  private static final URI NO_TOKEN_SERVICE = URI.create("http://127.0.0.1:9");
  private static final String ADDRESS = "http://127.0.0.1:" + FreePort.any();
  private static final EntraShapedIdp ENTRA =
      EntraShapedIdp.start(
          EntraIdpConfig.of(
              Listener.loopback(0),
              TENANT,
              List.of(
                  Person.member(
                      "maya@contoso.example",
                      PASSWORD,
                      "0b7e4a11-52c3-4d7e-8a10-6f6d2c9b7001",
                      "Maya <Lindqvist>",
                      null,
                      null)),
              List.of(client(ENTRA_CLIENT, "entra")),
              List.of(
                  new EntraApi(
                      "c40fa7d1-9b25-4a52-8f6e-1f2f0f6d3003",
                      "api://refunds",
                      Set.of("access"),
                      2,
                      Set.of())),
              List.of()),
          InstantSource.system());
  private static final OktaShapedIdp OKTA =
      OktaShapedIdp.start(
          OktaIdpConfig.of(
              Listener.loopback(0),
              List.of(
                  Person.member(
                      "lena@fabrikam.example", PASSWORD, "00u1lena", "Lena Okafor", null, 5_000L)),
              List.of(client("console", "okta")),
              OktaCustomServer.standard("api://refunds", Set.of("refunds")),
              new Secret("a management token of some length")),
          InstantSource.system());
  private static final GatewayStandIn GATEWAY = new GatewayStandIn();
  private static final ConsoleBox CONSOLE =
      ConsoleBox.start(config(), new TwoEntries(), InstantSource.system());

  private final Browser browser = new Browser();

  @BeforeAll
  static void waitForTheProvidersKeys() {
    // An RSA key takes long on a busy machine, longer than the console waits for a provider.
    var wire = new WireClient();
    for (URI keys :
        List.of(
            URI.create(ENTRA.baseUri() + "/" + TENANT + "/discovery/v2.0/keys"),
            URI.create(OKTA.issuer() + "/v1/keys"))) {
      wire.get(keys, Map.of(), Duration.ofMinutes(2));
    }
  }

  @BeforeEach
  void forgetEarlierCalls() {
    GATEWAY.bearers.clear();
    GATEWAY.calls.clear();
    GATEWAY.refusesBearers = false;
  }

  @AfterAll
  static void stop() {
    CONSOLE.close();
    GATEWAY.close();
    ENTRA.close();
    OKTA.close();
  }

  private static PublicClient client(String id, String provider) {
    return new PublicClient(id, "Console", Set.of(ADDRESS + "/callback/" + provider), Set.of());
  }

  private static ConsoleConfig config() {
    return new ConsoleConfig(
        Listener.loopback(URI.create(ADDRESS).getPort()),
        URI.create(ADDRESS),
        GATEWAY.endpoint(),
        NO_TOKEN_SERVICE,
        List.of(
            new Provider(
                "entra",
                "Contoso",
                ENTRA.issuer(),
                ENTRA_CLIENT,
                Optional.empty(),
                List.of("openid", "profile", "api://refunds/access"),
                Set.of("127.0.0.1")),
            new Provider(
                "okta",
                "Fabrikam",
                OKTA.issuer(),
                "console",
                Optional.empty(),
                List.of("openid", "profile", "refunds"),
                Set.of("127.0.0.1"))),
        SessionLimits.STANDARD,
        Optional.empty(),
        Optional.empty());
  }

  private Browser.Page signInAtEntra() {
    Browser.Page form = browser.open(ADDRESS + "/sign-in/entra");
    return browser.submit(
        form,
        "/sign-in",
        Map.of("username", "maya@contoso.example", "password", PASSWORD.reveal()));
  }

  private Browser.Page call(String result) {
    GATEWAY.nextResult = result;
    return browser.submit(
        signInAtEntra(),
        "/call",
        Map.of("arg.case_id", "R-884-2233", "arg.amount_cents", "8000", "arg.currency", "USD"));
  }

  @Test
  void signsInAtTheEntraShapedProviderAndShowsTheGatewaysTools() {
    Browser.Page page = signInAtEntra();

    assertThat(page.address().getPath()).isEqualTo("/call");
    assertThat(page.html())
        .contains("Refund a customer", "arg.amount_cents", "Maya &lt;Lindqvist&gt;", "In cents.")
        .contains("Pays &lt;b&gt;back&lt;/b&gt;.")
        .doesNotContain("<script");
  }

  @Test
  void signsInAtTheOktaShapedProvider() {
    Browser.Page form = browser.open(ADDRESS + "/sign-in/okta");

    Browser.Page page =
        browser.submit(
            form,
            "/sign-in",
            Map.of("username", "lena@fabrikam.example", "password", PASSWORD.reveal()));

    assertThat(page.html()).contains("Lena Okafor", "Fabrikam");
  }

  @Test
  void neverLetsTheBearerReachTheBrowser() {
    call(
        "{\"content\":[{\"type\":\"text\",\"text\":\"done\"}],\"structuredContent\":{\"refund\":1}}");

    assertThat(GATEWAY.bearers).isNotEmpty();
    String bearer = GATEWAY.bearers.getFirst();
    assertThat(browser.everythingReceived).noneMatch(received -> received.contains(bearer));
    assertThat(browser.everythingReceived)
        .noneMatch(received -> received.contains(bearer.split("\\.", -1)[1]));
  }

  @Test
  void keepsTheSessionInACookieThatScriptsAndOtherSitesCannotUse() {
    Browser.Page form = browser.open(ADDRESS + "/sign-in/entra");
    Browser.Page back =
        browser.submitOnce(
            form,
            "/sign-in",
            Map.of("username", "maya@contoso.example", "password", PASSWORD.reveal()));

    Browser.Page opened = browser.once(back.location());

    assertThat(opened.setCookies())
        .anyMatch(cookie ->
            cookie.startsWith("countersign_console=")
                && cookie.contains("HttpOnly")
                && cookie.contains("SameSite=Lax"));
  }

  @Test
  void refusesACallbackThatWasNotBegunInThisBrowserOrComesTwice() {
    Browser.Page form = browser.open(ADDRESS + "/sign-in/entra");
    String callback =
        browser
            .submitOnce(
                form,
                "/sign-in",
                Map.of("username", "maya@contoso.example", "password", PASSWORD.reveal()))
            .location();

    assertThat(new Browser().once(callback).status()).isEqualTo(400);
    assertThat(browser.once(callback).status()).isEqualTo(303);
    assertThat(browser.once(callback).status()).isEqualTo(400);
  }

  @Test
  void refusesACallbackOfAnotherIssuerOrWithoutOne() {
    for (String issuer : List.of("", "&iss=http%3A%2F%2Fevil.example")) {
      var fresh = new Browser();
      Browser.Page form = fresh.open(ADDRESS + "/sign-in/entra");
      String callback =
          fresh
              .submitOnce(
                  form,
                  "/sign-in",
                  Map.of("username", "maya@contoso.example", "password", PASSWORD.reveal()))
              .location()
              .replaceAll("&iss=[^&]*", "");

      assertThat(fresh.once(callback + issuer).status()).isEqualTo(403);
    }
  }

  @Test
  void callsAToolWithTypedArgumentsAndShowsTheResult() {
    Browser.Page page =
        call(
            """
            {"content":[{"type":"text","text":"x"}],"structuredContent":{"refund_id":7,"made":[{"case":"R-884-2233","amount":8000}]},
             "_meta":{"dev.countersign/jti":"jti-1"}}
            """);

    assertThat(GATEWAY.calls).hasSize(1);
    assertThat(GATEWAY.calls.getFirst().path("arguments").toString())
        .isEqualTo("{\"case_id\":\"R-884-2233\",\"amount_cents\":8000,\"currency\":\"USD\"}");
    assertThat(page.html()).contains("refund_id", "<td>8000</td>", "jti-1", "done");
  }

  @Test
  void showsADenialWithItsReasons() {
    Browser.Page page =
        call(
            """
            {"isError":true,"content":[{"type":"text","text":"no"}],"structuredContent":{"status":"denied","code":"access_denied","reason":"above the <cap>","jti":"jti-2","reasons":["hard-cap"]}}
            """);

    assertThat(page.html())
        .contains("above the &lt;cap&gt;", "access_denied", "hard-cap", "denied");
  }

  @Test
  void linksTheApprovalPageAndOffersToCallAgain() {
    Browser.Page page =
        call(
            """
            {"isError":true,"content":[],"structuredContent":{"status":"approval_required","approval_id":"a","url":"http://127.0.0.1:1/approve/a","expires_at":"2030-01-01T00:00:00Z"}}
            """);

    assertThat(page.html())
        .contains(
            "href=\"http://127.0.0.1:1/approve/a\"", "Call again", "name=\"arg.amount_cents\"");
  }

  @Test
  void doesNotLinkAnApprovalAddressThatIsNoWebAddress() {
    Browser.Page page =
        call(
            """
            {"isError":true,"content":[],"structuredContent":{"status":"approval_required","approval_id":"a","url":"javascript:alert(1)","expires_at":"2030-01-01T00:00:00Z"}}
            """);

    assertThat(page.html()).doesNotContain("javascript:").contains("approval needed");
  }

  @Test
  void leavesOutWhatLooksLikeAToken() {
    Browser.Page page = call("{\"content\":[],\"structuredContent\":{\"note\":\"" + TOKEN + "\"}}");

    assertThat(page.html()).doesNotContain(TOKEN).contains("[token left out]");
  }

  @Test
  void refusesACallWithoutTheSessionsFormToken() {
    signInAtEntra();

    Browser.Page page =
        browser.post(
            ADDRESS + "/call",
            Map.of("tool", "process_refund", "csrf", "guessed", "arg.amount_cents", "1"));

    assertThat(page.status()).isEqualTo(403);
    assertThat(GATEWAY.calls).isEmpty();
  }

  @Test
  void namesAnArgumentOfTheWrongTypeWithoutCalling() {
    Browser.Page page =
        browser.submit(
            signInAtEntra(), "/call", Map.of("arg.case_id", "x", "arg.amount_cents", "much"));

    assertThat(page.status()).isEqualTo(400);
    assertThat(page.html()).contains("`amount_cents` must be a number");
    assertThat(GATEWAY.calls).isEmpty();
  }

  @Test
  void endsTheSessionWhenTheGatewayNoLongerAcceptsTheBearer() {
    signInAtEntra();
    GATEWAY.refusesBearers = true;

    Browser.Page page = browser.open(ADDRESS + "/call");

    assertThat(page.html()).contains("Your session has ended");
    GATEWAY.refusesBearers = false;
    assertThat(browser.open(ADDRESS + "/call").address().getPath()).isEqualTo("/");
  }

  @Test
  void signsOut() {
    browser.submit(signInAtEntra(), "/sign-out", Map.of());

    assertThat(browser.open(ADDRESS + "/call").address().getPath()).isEqualTo("/");
  }

  @Test
  void showsTheLedgerToTheOperatorOnly() {
    for (String path : List.of("/ledger", "/ledger/check", "/trace/jti-1", "/operator?key=wrong")) {
      assertThat(browser.once(ADDRESS + path).status()).isEqualTo(403);
    }

    Browser.Page ledger = browser.open(CONSOLE.operatorEntrance().reveal());

    assertThat(ledger.address().toString()).isEqualTo(ADDRESS + "/ledger");
    assertThat(ledger.html()).contains("exchange-permitted", "/trace/jti-1");
    assertThat(browser.open(ADDRESS + "/trace/jti-1").html())
        .contains("entra|maya", "&lt;img&gt;", "+5.0 ms")
        .doesNotContain(TOKEN)
        .doesNotContain("<img>");
    assertThat(browser.once(ADDRESS + "/trace/other").status()).isEqualTo(404);
    assertThat(browser.open(ADDRESS + "/ledger/check").html()).contains("Every chain is whole");
  }

  @Test
  void hasNoOperatorPagesOffLoopback() {
    var files = new Listener.Tls(Path.of("certificate.pem"), Path.of("key.pem"));
    var config =
        new ConsoleConfig(
            new Listener("0.0.0.0", 9443, Optional.of(files)),
            URI.create("https://console.example"),
            URI.create("https://gateway.example/mcp"),
            URI.create("https://sts.example"),
            config().providers(),
            SessionLimits.STANDARD,
            Optional.empty(),
            Optional.empty());

    assertThat(config.hasOperatorPages()).isFalse();
    assertThat(config().hasOperatorPages()).isTrue();
  }

  private static final class TwoEntries implements LedgerReader {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private static LedgerRecord record(long seq, String box, String event, String note) {
      return new LedgerRecord(
          box + "-1",
          seq,
          NOON.plusMillis(5 * (seq - 1)),
          box,
          event,
          "jti-1",
          "entra|maya",
          StrictJson.object().put("note", note),
          "00");
    }

    @Override
    public List<LedgerRecord> trace(String jti) {
      return jti.equals("jti-1") ? recent(2) : List.of();
    }

    @Override
    public Optional<String> jtiIn(String traceId, Instant since) {
      return Optional.empty();
    }

    @Override
    public List<LedgerRecord> recent(int limit) {
      return List.of(
          record(1, "sts", "exchange-permitted", "<img>"),
          record(2, "broker", "lease-minted", TOKEN));
    }

    @Override
    public List<String> breaks() {
      return List.of();
    }
  }
}
