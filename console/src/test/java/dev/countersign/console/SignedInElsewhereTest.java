package dev.countersign.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.box.Listener;
import dev.countersign.console.box.ConsoleBox;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// What the identity provider says about a session holds for the console's too.
class SignedInElsewhereTest {
  private static final Secret SECRET = new Secret("the secret of the console there");
  private static final String ADDRESS = "http://127.0.0.1:" + FreePort.any();
  private static final ProviderStandIn PROVIDER = new ProviderStandIn();
  private static final GatewayStandIn GATEWAY = new GatewayStandIn();
  private static final ConsoleBox CONSOLE = console(ADDRESS, List.of());
  private static final String ANOTHER_ADDRESS = "http://127.0.0.1:" + FreePort.any();
  private static final ConsoleBox ANOTHER = console(ANOTHER_ADDRESS, List.of(URI.create(ADDRESS)));

  private final Browser browser = new Browser();

  private static ConsoleBox console(String address, List<URI> peers) {
    return ConsoleBox.start(
        new ConsoleConfig(
            Listener.loopback(Math.max(0, URI.create(address).getPort())),
            URI.create(address),
            GATEWAY.endpoint(),
            URI.create("http://127.0.0.1:9"),
            List.of(
                new Provider(
                    "home",
                    "Home",
                    PROVIDER.issuer(),
                    "console",
                    Optional.of(SECRET),
                    List.of("openid", "refunds"),
                    Set.of("127.0.0.1", "localhost"))),
            SessionLimits.STANDARD,
            Optional.empty(),
            Optional.empty(),
            peers),
        new NoLedger(),
        InstantSource.system());
  }

  @BeforeEach
  void reset() {
    PROVIDER.lifetime = 3600;
    PROVIDER.renewalStatus = 200;
    PROVIDER.refusal = "";
    PROVIDER.tokenRequests.clear();
    GATEWAY.bearers.clear();
  }

  @AfterAll
  static void stop() {
    CONSOLE.close();
    ANOTHER.close();
    GATEWAY.close();
    PROVIDER.close();
  }

  private Browser.Page signIn() {
    return browser.open(ADDRESS + "/sign-in/home");
  }

  private boolean isSignedIn() {
    return browser.open(ADDRESS + "/call").address().getPath().equals("/call");
  }

  private static int logOut(String token) {
    return new Browser()
        .post(ADDRESS + "/backchannel-logout/home", Map.of("logout_token", token))
        .status();
  }

  @Test
  void endsTheSessionThatTheProviderEndsByTheBackChannel() {
    signIn();
    assertThat(isSignedIn()).isTrue();

    assertThat(logOut(PROVIDER.sign("logout+jwt", PROVIDER.logout()))).isEqualTo(200);

    assertThat(isSignedIn()).isFalse();
  }

  @Test
  void endsTheSessionAlsoWhereTheProviderToldAnotherConsole() {
    signIn();

    assertThat(
            new Browser()
                .post(
                    ANOTHER_ADDRESS + "/backchannel-logout/home",
                    Map.of("logout_token", PROVIDER.sign("logout+jwt", PROVIDER.logout())))
                .status())
        .isEqualTo(200);

    long end = System.nanoTime() + 40_000_000_000L;
    while (isSignedIn()) {
      assertThat(System.nanoTime()).as("it is never told").isLessThan(end);
      LockSupport.parkNanos(20_000_000);
    }
  }

  @Test
  void refusesEveryLogoutTokenThatIsNone() {
    signIn();
    ObjectNode withNonce = PROVIDER.logout().put("nonce", "n");
    ObjectNode withoutEvent = PROVIDER.logout();
    withoutEvent.remove("events");
    ObjectNode withoutPerson = PROVIDER.logout();
    withoutPerson.remove(List.of("sub", "sid"));
    ObjectNode withoutId = PROVIDER.logout();
    withoutId.remove("jti");
    ObjectNode forAnother = PROVIDER.logout().put("aud", "another");
    ObjectNode fromAnother = PROVIDER.logout().put("iss", "https://evil.example");
    ObjectNode old = PROVIDER.logout().put("iat", 1_700_000_000L);

    for (ObjectNode wrong :
        List.of(withNonce, withoutEvent, withoutPerson, withoutId, forAnother, fromAnother, old)) {
      assertThat(logOut(PROVIDER.sign("logout+jwt", wrong)))
          .as(StrictJson.write(wrong))
          .isEqualTo(400);
    }
    try (var forger = new ProviderStandIn()) {
      assertThat(logOut(forger.sign("logout+jwt", PROVIDER.logout()))).isEqualTo(400);
    }
    assertThat(logOut("")).isEqualTo(400);

    assertThat(isSignedIn()).isTrue();
  }

  @Test
  void takesALogoutTokenOnceSoThatWhoeverKeptItSignsNobodyOut() {
    String token = PROVIDER.sign("logout+jwt", PROVIDER.logout());
    signIn();
    assertThat(logOut(token)).isEqualTo(200);
    signIn();

    assertThat(logOut(token)).isEqualTo(400);

    assertThat(isSignedIn()).isTrue();
  }

  @Test
  void provesItselfWithItsSecretWhereItIsAConfidentialClientAndShowsItToNoBrowser() {
    signIn();

    String pair = "console:" + SECRET.reveal().replace(' ', '+');
    assertThat(PROVIDER.tokenRequests.getLast())
        .containsEntry(
            "Authorization",
            "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII)))
        .containsKey("code_verifier");
    assertThat(browser.everythingReceived).noneMatch(text -> text.contains(SECRET.reveal()));
  }

  @Test
  void tellsTheCodesOfARefusedSignInAndNoneOfItsWords() {
    PROVIDER.refusal = "AADSTS7000218: call <b>+1 555</b> and read them your code";

    assertThat(signIn().html())
        .contains("did not redeem the sign-in (invalid_client, AADSTS7000218).")
        .doesNotContain("555");
  }

  @Test
  void setsCookiesOnHttpsThatNoNeighbourInTheDomainCanPlant() {
    try (ConsoleBox secure = console("https://console.example", List.of())) {
      List<String> set = browser.once(secure.baseUri() + "/sign-in/home").setCookies();

      assertThat(set).hasSize(1);
      assertThat(set.getFirst())
          .startsWith("__Host-countersign_console_sign_in=")
          .contains("Secure", "HttpOnly", "Path=/", "SameSite=Lax")
          .doesNotContain("Domain");
    }
  }

  @Test
  void renewsTheBearerOnTheServersSideBeforeItEnds() {
    PROVIDER.lifetime = 30;
    signIn();
    PROVIDER.lifetime = 3600;

    assertThat(isSignedIn()).isTrue();

    assertThat(PROVIDER.tokenRequests.getLast())
        .containsEntry("grant_type", "refresh_token")
        .containsEntry("refresh_token", "refresh-1");
    assertThat(GATEWAY.bearers.getLast()).isEqualTo("bearer-2");
    assertThat(browser.everythingReceived)
        .noneMatch(text -> text.contains("refresh-1") || text.contains("bearer-2"));
  }

  @Test
  void endsTheSessionThatTheProviderDoesNotRenew() {
    PROVIDER.lifetime = 30;
    signIn();
    PROVIDER.renewalStatus = 400;

    assertThat(isSignedIn()).isFalse();
  }

  @Test
  void goesOnWithTheOldBearerWhileTheProviderIsAway() {
    PROVIDER.lifetime = 30;
    PROVIDER.renewalStatus = 503;
    signIn();

    assertThat(isSignedIn()).isTrue();
    assertThat(GATEWAY.bearers.getLast()).isEqualTo("bearer-1");
  }

  @Test
  void signsOutAtTheProviderToo() {
    Browser.Page page = signIn();

    Browser.Page left = browser.submitOnce(page, "/sign-out", Map.of());

    assertThat(left.html())
        .contains("<a href=\"" + PROVIDER.issuer() + "/logout?id_token_hint=")
        .contains("post_logout_redirect_uri=");
    assertThat(isSignedIn()).isFalse();
  }

  private static final class NoLedger implements LedgerReader {
    @Override
    public List<LedgerRecord> trace(String jti) {
      return List.of();
    }

    @Override
    public Optional<String> jtiIn(String traceId, Instant since) {
      return Optional.empty();
    }

    @Override
    public List<LedgerRecord> recent(int limit) {
      return List.of();
    }

    @Override
    public List<String> breaks() {
      return List.of();
    }
  }
}
