package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.sts.SubjectTokens.SubjectCheck;
import dev.countersign.sts.http.IntrospectionCalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Foreign issuers by discovery, by JWKS and by introspection, over real sockets, with a clock that
/// the test holds. What an issuer publishes is changed under way.
class FederationTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final RSAKey KEY = ForeignIssuer.OKTA_KEY;
  private static final RSAKey NEXT_KEY = withId(ForeignIssuer.ENTRA_KEY, "idp-2");
  private static final String TYPE = "urn:idp:token-type:user-jwt";
  private static final Secret SECRET = new Secret("s%3cret: with+signs");

  private final AtomicReference<Instant> now = new AtomicReference<>(NOON);
  private final Issuer issuer = new Issuer();
  private final List<String> troubles = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() {
    issuer.close();
  }

  // --- discovery and key sets

  @Test
  void findsTheKeysByTheDiscoveryDocument() {
    var tokens = tokens(discovered());

    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
    assertThat(issuer.asked).containsExactly("/.well-known/openid-configuration", "/keys");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"%s/keys\"}",
        "{\"issuer\":\"%s/\",\"jwks_uri\":\"%s/keys\"}",
        "{\"issuer\":\"%s\",\"jwks_uri\":\"http://169.254.169.254/latest/meta-data\"}",
        "{\"issuer\":\"%s\",\"jwks_uri\":\"https://evil.example/keys\"}",
        "{\"issuer\":\"%s\",\"jwks_uri\":\"file:///etc/passwd\"}",
        "{\"issuer\":\"%s\",\"jwks_uri\":\"gopher://127.0.0.1/keys\"}",
        "{\"issuer\":\"%s\"}",
        "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\",\"jwks_uri\":\"%s/keys\"}",
        "not json"
      })
  void B03_refusesADiscoveryDocumentThatIsNotTheIssuers(String document) {
    issuer.document = document.replace("%s", issuer.address());
    var tokens = tokens(discovered());

    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);
    assertThat(issuer.asked).containsExactly("/.well-known/openid-configuration");
    assertThat(troubles).hasSize(1);
  }

  @Test
  void B06_followsNoRedirectOfTheKeySet() {
    issuer.redirect = "http://127.0.0.1:1/keys";

    assertThat(check(tokens(at()), token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);
    assertThat(troubles).singleElement().asString().contains("302");
  }

  @Test
  void B07_refusesAKeySetThatIsNoJsonOrTooLong() {
    issuer.contentType = "text/html";
    var tokens = tokens(at());
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);

    issuer.contentType = "application/json";
    issuer.keys = "{\"keys\":[" + " ".repeat(1 << 20) + "]}";
    tick(Duration.ofSeconds(11));
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);
    assertThat(troubles).hasSize(2);
  }

  @Test
  void B08_aFloodOfUnknownKeysFetchesOnceInTenSeconds() {
    var tokens = tokens(at());
    check(tokens, token(KEY));
    int before = issuer.asked.size();

    for (int i = 0; i < 50; i++) {
      assertThat(check(tokens, token(withId(KEY, "unknown-" + i))))
          .isInstanceOf(SubjectCheck.Rejected.class);
    }

    assertThat(issuer.asked).hasSizeLessThanOrEqualTo(before + 1);
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
  }

  @Test
  void aNewKeyIsFoundAtOnceAndARemovedOneIsRefusedWithinFiveMinutes() {
    var tokens = tokens(discovered());
    check(tokens, token(KEY));
    tick(Duration.ofSeconds(11));
    issuer.publish(KEY, NEXT_KEY);
    assertThat(check(tokens, token(NEXT_KEY))).isInstanceOf(SubjectCheck.Verified.class);

    issuer.publish(NEXT_KEY);
    tick(Duration.ofMinutes(5).plusSeconds(1));

    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Rejected.class);
  }

  @Test
  void B09_B11_oldKeysServeWhileTheIssuerIsAwayUpToTheHardAge() {
    var tokens = tokens(at());
    check(tokens, token(KEY));
    issuer.status = 503;

    tick(RemoteKeySet.OUTAGE_LIMIT.minusSeconds(1));
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
    tick(Duration.ofSeconds(2));
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);

    issuer.status = 200;
    tick(Duration.ofSeconds(11));
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
  }

  @Test
  void B11_anIssuerThatIsAwayFromTheStartIsAskedAgainLater() {
    issuer.status = 500;
    var tokens = tokens(discovered());
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);

    issuer.status = 200;
    assertThat(check(tokens, token(KEY)))
        .as("within the brake nobody is asked")
        .isInstanceOf(SubjectCheck.Unavailable.class);
    tick(Duration.ofSeconds(11));
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
  }

  @Test
  void B04_asksNothingAtAHostInsideThatIsNotNamed() {
    var place = new IssuerKeys.Place.At(URI.create("https://127.0.0.1:" + issuer.port() + "/keys"));
    var keys = new IssuerKeys(place, Set.of(), null, RemoteKeySet.OUTAGE_LIMIT);

    assertThat(check(tokens(keys), token(KEY))).isInstanceOf(SubjectCheck.Unavailable.class);
    assertThat(issuer.asked).isEmpty();
    assertThat(troubles).singleElement().asString().contains("internal-hosts");
  }

  @Test
  void pinnedKeysNeedNoNetwork() {
    var pinned = new IssuerKeys.Place.Pinned(VerificationKeys.of(List.of(KEY.toPublicJWK())));
    var keys = new IssuerKeys(pinned, Set.of(), null, RemoteKeySet.OUTAGE_LIMIT);

    assertThat(check(tokens(keys), token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
    assertThat(check(tokens(keys), token(NEXT_KEY))).isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(issuer.asked).isEmpty();
  }

  @Test
  void B01_aKeyOfTheSameNameOfAnotherIssuerOpensNothing() {
    assertThat(check(tokens(at()), token(ForeignIssuer.STRANGERS_KEY)))
        .isInstanceOf(SubjectCheck.Rejected.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"%s/", "%S", "%s:80", "%s/x/..", "http://user@%h", "%s.evil.example", ""})
  void B02_theIssuerIsComparedCharacterByCharacter(String claimed) {
    String host = issuer.address().substring("http://".length());
    String spelling =
        claimed
            .replace("%h", host)
            .replace("%S", issuer.address().replace("http", "HTTP"))
            .replace("%s", issuer.address());

    assertThat(check(tokens(at()), sign(claims().put("iss", spelling), KEY)))
        .isInstanceOf(SubjectCheck.Rejected.class);
  }

  // --- claims

  @Test
  void A13_A14_anAudienceBesideOursMustBeNamed() {
    var strict = tokens(at());
    var shared = tokens(anchor(at(), Set.of("account"), demands(), null));
    ObjectNode both = claims();
    both.putArray("aud").add("refunds").add("account");
    ObjectNode foreign = claims();
    foreign.putArray("aud").add("refunds").add("graph");
    ObjectNode withoutUs = claims().put("aud", "account");

    assertThat(check(strict, sign(both, KEY))).isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(check(shared, sign(both, KEY))).isInstanceOf(SubjectCheck.Verified.class);
    assertThat(check(shared, sign(foreign, KEY))).isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(check(shared, sign(withoutUs, KEY))).isInstanceOf(SubjectCheck.Rejected.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nonce", "at_hash", "c_hash"})
  void A14_A15_refusesAnIdTokenWhereAnAccessTokenBelongs(String claim) {
    assertThat(check(tokens(at()), sign(claims().put(claim, "x"), KEY)))
        .isInstanceOf(SubjectCheck.Rejected.class);
  }

  @Test
  void A14_refusesATokenWithoutWhatMakesItAPersonsAccessToken() {
    var demands = new Anchor.Demands(Map.of(), Set.of("scp"), Set.of(), false);
    var tokens = tokens(anchor(at(), Set.of(), demands, null));

    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(check(tokens, sign(claims().put("scp", "access"), KEY)))
        .isInstanceOf(SubjectCheck.Verified.class);
  }

  @Test
  void C02_onlyTokensOfANamedApplicationCount() {
    var demands = new Anchor.Demands(Map.of(), Set.of(), Set.of("desk"), false);
    var tokens = tokens(anchor(at(), Set.of(), demands, null));

    assertThat(check(tokens, sign(claims().put("azp", "desk"), KEY)))
        .isInstanceOf(SubjectCheck.Verified.class);
    assertThat(check(tokens, sign(claims().put("azp", "desk").put("client_id", "other"), KEY)))
        .isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Rejected.class);
  }

  @Test
  void A18_addressesAreTakenForDeliveryOnlyWhereTheIssuerOwnsUpToThem() {
    Subject owned =
        subject(
            claims()
                .put("email", "lena@fabrikam.example")
                .put("email_verified", true)
                .put("phone_number", "+15550100"));
    Subject disowned =
        subject(
            claims()
                .put("email", "lena@fabrikam.example")
                .put("email_verified", false)
                .put("phone_number", "+15550100")
                .put("phone_number_verified", "true"));

    assertThat(owned.mail()).isEqualTo("lena@fabrikam.example");
    assertThat(owned.phone()).isEqualTo("+15550100");
    assertThat(disowned.mail()).isNull();
    assertThat(disowned.phone()).isNull();
    assertThat(subject(claims().put("phone_number", "0555-0100")).phone()).isNull();
    assertThat(owned.key()).isEqualTo(disowned.key()).isEqualTo("idp|lena");
  }

  @Test
  void B14_B15_aClaimThatIsNotThereIsNoAttribute() {
    ObjectNode overage = claims();
    overage.putObject("_claim_names").put("groups", "src1");
    ObjectNode full = claims();
    full.putObject("limits").put("refund", 5000);

    assertThat(subject(overage).attributes()).isEmpty();
    assertThat(subject(full).attributes().get("refund_limit"))
        .isNotNull()
        .satisfies(limit -> {
          assertThat(limit.value().longValue()).isEqualTo(5000);
          assertThat(limit.source()).isEqualTo("claim");
          assertThat(limit.at()).isEqualTo(NOON.minusSeconds(30));
        });
  }

  @Test
  void A12_theLongestAgeCountsFromIssueAndNeedsOne() {
    ObjectNode without = claims();
    without.remove("iat");

    assertThat(check(tokens(at()), sign(claims().put("iat", second(-3631)), KEY)))
        .isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(check(tokens(at()), sign(without, KEY))).isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(check(tokens(at()), sign(claims().put("iat", second(-3629)), KEY)))
        .isInstanceOf(SubjectCheck.Verified.class);
  }

  // --- introspection

  @Test
  void anOpaqueTokenIsWhatItsIssuerSays() {
    var tokens = tokens(asked(Introspection.Scope.OPAQUE));
    issuer.introspection = StrictJson.write(claims().put("active", true).put("client_id", "desk"));

    SubjectCheck check = check(tokens, "2YotnFZFEjr1zCsicMWpAA");

    assertThat(check)
        .isInstanceOfSatisfying(
            SubjectCheck.Verified.class,
            good -> {
              assertThat(good.subject().key()).isEqualTo("idp|lena");
              assertThat(good.subject().expiresAt()).isEqualTo(NOON.plusSeconds(600));
            });
    assertThat(issuer.lastAuthorization)
        .isEqualTo(
            "Basic "
                + Base64.getEncoder()
                    .encodeToString(
                        "sts:s%253cret%3A+with%2Bsigns".getBytes(StandardCharsets.UTF_8)));
    assertThat(issuer.lastForm)
        .contains("token=2YotnFZFEjr1zCsicMWpAA", "token_type_hint=access_token");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"active\":false}",
        "{\"active\":true}",
        "{\"active\":true,\"sub\":\"lena\",\"aud\":\"refunds\"}",
        "{\"active\":true,\"sub\":\"lena\",\"aud\":\"other\",\"exp\":1767272400}",
        "{\"active\":true,\"sub\":\"lena\",\"exp\":1767272400,\"iat\":1767268800}",
        "{\"active\":true,\"sub\":\"lena\",\"aud\":\"refunds\",\"exp\":1767268000}",
        "{\"active\":true,\"sub\":\"lena\",\"aud\":\"refunds\",\"exp\":1767272400,"
            + "\"iss\":\"https://other.example\"}",
        "{\"active\":true,\"aud\":\"refunds\",\"exp\":1767272400}"
      })
  void refusesWhatItsIssuerDoesNotVouchForInFull(String answer) {
    issuer.introspection = answer;

    assertThat(check(tokens(asked(Introspection.Scope.OPAQUE)), "2YotnFZFEjr1zCsicMWpAA"))
        .isInstanceOf(SubjectCheck.Rejected.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"active\":\"true\"}", "{}", "no", "{\"active\":true,\"active\":false}"})
  void anAnswerThatCannotBeReadIsNoAnswer(String answer) {
    issuer.introspection = answer;

    assertThat(check(tokens(asked(Introspection.Scope.OPAQUE)), "2YotnFZFEjr1zCsicMWpAA"))
        .isInstanceOf(SubjectCheck.Unavailable.class);
  }

  @Test
  void aRefusalOfOurOwnCredentialsIsNotAWordAboutTheToken() {
    issuer.status = 401;

    assertThat(check(tokens(asked(Introspection.Scope.OPAQUE)), "2YotnFZFEjr1zCsicMWpAA"))
        .isInstanceOf(SubjectCheck.Unavailable.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "with blank", "line\nbreak", "caf\u00e9"})
  void asksNothingAboutATextThatIsNoToken(String text) {
    assertThat(check(tokens(asked(Introspection.Scope.OPAQUE)), text))
        .isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(issuer.asked).isEmpty();
  }

  @Test
  void aJwtIsNotAskedAboutWhereOnlyOpaqueTokensAre() {
    issuer.introspection = "{\"active\":false}";
    var tokens = tokens(asked(Introspection.Scope.OPAQUE));

    assertThat(check(tokens, token(KEY))).isInstanceOf(SubjectCheck.Verified.class);
    assertThat(issuer.asked).doesNotContain("/introspect");
  }

  @Test
  void C16_withEveryTokenAskedAboutAnEndedSessionIsRefusedAtOnce() {
    var tokens = tokens(asked(Introspection.Scope.EVERY));
    issuer.introspection = "{\"active\":true}";
    String token = token(KEY);
    assertThat(check(tokens, token)).isInstanceOf(SubjectCheck.Verified.class);

    issuer.introspection = "{\"active\":false}";

    assertThat(check(tokens, token)).isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(tokens.verifyByIssuer(token, now.get())).isInstanceOf(SubjectCheck.Rejected.class);
    issuer.status = 500;
    assertThat(check(tokens, token)).isInstanceOf(SubjectCheck.Unavailable.class);
  }

  @Test
  void aForgedJwtIsRefusedBeforeAnybodyIsAsked() {
    issuer.introspection = "{\"active\":true}";

    assertThat(check(tokens(asked(Introspection.Scope.EVERY)), token(NEXT_KEY)))
        .isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(issuer.asked).doesNotContain("/introspect");
  }

  @Test
  void anOpaqueTokenNamesNoIssuer() {
    var tokens = tokens(asked(Introspection.Scope.OPAQUE));

    assertThat(tokens.verifyByIssuer("2YotnFZFEjr1zCsicMWpAA", NOON))
        .isInstanceOf(SubjectCheck.Rejected.class);
    assertThat(issuer.asked).isEmpty();
  }

  // --- what the tests say

  private IssuerKeys at() {
    return IssuerKeys.at(URI.create(issuer.address() + "/keys"), Set.of("127.0.0.1"));
  }

  private IssuerKeys discovered() {
    return new IssuerKeys(
        IssuerKeys.Place.Discovered.of(issuer.address(), Set.of()),
        Set.of("127.0.0.1"),
        null,
        RemoteKeySet.OUTAGE_LIMIT);
  }

  private static Anchor.Demands demands() {
    return new Anchor.Demands(Map.of(), Set.of(), Set.of(), false);
  }

  private Anchor asked(Introspection.Scope scope) {
    return anchor(
        at(),
        Set.of(),
        demands(),
        new Introspection(URI.create(issuer.address() + "/introspect"), "sts", SECRET, scope));
  }

  private Anchor anchor(
      IssuerKeys keys,
      Set<String> beside,
      Anchor.Demands demands,
      @Nullable Introspection introspection) {
    return new Anchor(
        "idp",
        TYPE,
        new JwtRules(
            issuer.address(),
            Set.of("refunds"),
            beside,
            Set.of("JWT"),
            Set.of("RS256"),
            Duration.ofSeconds(30),
            Duration.ofHours(1)),
        demands,
        new Anchor.Claims(
            "sub",
            List.of("email"),
            List.of("phone_number"),
            Map.of("refund_limit", "/limits/refund", "groups", "groups")),
        keys,
        introspection);
  }

  private SubjectTokens tokens(IssuerKeys keys) {
    return tokens(anchor(keys, Set.of(), demands(), null));
  }

  private SubjectTokens tokens(Anchor anchor) {
    KeySource keys = anchor.keys().source(anchor.issuer(), troubles::add, now::get);
    Introspection introspection = anchor.introspection();
    return new SubjectTokens(
        List.of(anchor),
        _ -> keys,
        _ ->
            introspection == null
                ? token -> new Introspector.Answer.Inactive()
                : new IntrospectionCalls(introspection, anchor.keys().wire()),
        now::get);
  }

  private SubjectCheck check(SubjectTokens tokens, String token) {
    return tokens.verify(TYPE, token, now.get());
  }

  private Subject subject(ObjectNode claims) {
    return switch (check(tokens(at()), sign(claims, KEY))) {
      case SubjectCheck.Verified(Subject subject, VerifiedJwt _) -> subject;
      case SubjectCheck.Rejected(String reason) -> throw new AssertionError(reason);
      case SubjectCheck.Unavailable(String reason) -> throw new AssertionError(reason);
    };
  }

  private void tick(Duration time) {
    now.updateAndGet(instant -> instant.plus(time));
  }

  private long second(long offset) {
    return now.get().getEpochSecond() + offset;
  }

  private ObjectNode claims() {
    return StrictJson.object()
        .put("iss", issuer.address())
        .put("aud", "refunds")
        .put("sub", "lena")
        .put("iat", second(-30))
        .put("exp", second(600));
  }

  private String token(RSAKey key) {
    return sign(claims(), key);
  }

  private static String sign(ObjectNode claims, RSAKey key) {
    return ForeignIssuer.sign(claims, "JWT", key);
  }

  private static RSAKey withId(RSAKey key, String id) {
    return new RSAKey.Builder(key).keyID(id).build();
  }

  /// An issuer whose every answer the test can change.
  private static final class Issuer implements AutoCloseable {
    final List<String> asked = new CopyOnWriteArrayList<>();
    volatile int status = 200;
    volatile String contentType = "application/json";
    volatile String redirect = "";
    volatile String document;
    volatile String keys;
    volatile String introspection = "{\"active\":false}";
    volatile String lastAuthorization = "";
    volatile String lastForm = "";
    private final HttpServer server;

    Issuer() {
      try {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
      document =
          StrictJson.write(
              StrictJson.object().put("issuer", address()).put("jwks_uri", address() + "/keys"));
      keys = set(KEY);
      server.createContext("/.well-known/openid-configuration", e -> answer(e, document));
      server.createContext("/keys", e -> answer(e, keys));
      server.createContext(
          "/introspect",
          e -> {
            lastAuthorization = String.valueOf(e.getRequestHeaders().getFirst("Authorization"));
            lastForm = new String(e.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            answer(e, introspection);
          });
      server.start();
    }

    private void answer(HttpExchange exchange, String text) throws IOException {
      asked.add(exchange.getRequestURI().getPath());
      byte[] body = text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", contentType);
      if (!redirect.isEmpty()) {
        exchange.getResponseHeaders().set("Location", redirect);
      }
      exchange.sendResponseHeaders(redirect.isEmpty() ? status : 302, body.length);
      try (exchange) {
        exchange.getResponseBody().write(body);
      }
    }

    private static String set(RSAKey... keys) {
      return "{\"keys\":["
          + String.join(
              ",", List.of(keys).stream().map(key -> key.toPublicJWK().toJSONString()).toList())
          + "]}";
    }

    void publish(RSAKey... published) {
      keys = set(published);
    }

    int port() {
      return server.getAddress().getPort();
    }

    String address() {
      return "http://127.0.0.1:" + port();
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
