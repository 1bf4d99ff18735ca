package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.clients.ClientOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Who acts for a person, and who may not.
class DelegationTest {
  private static final World WORLD = new World();
  private static final ECKey DESK =
      WORLD.register(
          "desk",
          new ClientOptions(Set.of("okta"), false, Set.of(), false, false, false, Set.of(), false));
  private static final ECKey STRICT =
      WORLD.register(
          "strict",
          new ClientOptions(Set.of("okta"), true, Set.of(), false, false, false, Set.of(), false));
  private static final ECKey HELPER =
      WORLD.register(
          "helper",
          new ClientOptions(
              Set.of(), false, Set.of("gateway", "helper"), false, false, false, Set.of(), false));

  /// What `may_act` says, and whether the client `gateway` may act by it.
  static final Row[] MAY_ACT = {
    new Row("TX_22 a text", c -> c.put("may_act", "gateway"), true),
    new Row("TX_22 another text", c -> c.put("may_act", "desk"), false),
    new Row("TX_22 an object", c -> c.putObject("may_act").put("sub", "gateway"), true),
    new Row("TX_22 another object", c -> c.putObject("may_act").put("sub", "desk"), false),
    new Row("TX_22 a client id", c -> c.putObject("may_act").put("client_id", "gateway"), true),
    new Row("TX_22 another client id", c -> c.putObject("may_act").put("client_id", "desk"), false),
    new Row(
        "TX_22 our issuer",
        c -> c.putObject("may_act").put("sub", "gateway").put("iss", WORLD.issuer),
        true),
    new Row(
        "TX_22 another issuer",
        c -> c.putObject("may_act").put("sub", "gateway").put("iss", "https://x.example"),
        false),
    new Row("TX_22 a list", c -> c.putArray("may_act").add("desk").add("gateway"), true),
    new Row(
        "TX_22 a list of objects",
        c -> c.putArray("may_act").addObject().put("sub", "gateway"),
        true),
    new Row("TX_22 a list of others", c -> c.putArray("may_act").add("desk"), false),
    new Row("TX_22 an empty list", c -> c.putArray("may_act"), false),
    new Row("TX_22 an empty object", c -> c.putObject("may_act"), false),
    new Row("TX_22 null", c -> c.putNull("may_act"), false),
    new Row("TX_22 a number", c -> c.put("may_act", 1), false),
    new Row(
        "TX_22 a member nobody understands",
        c -> c.putObject("may_act").put("sub", "gateway").put("email", "a@b.example"),
        false),
    new Row(
        "TX_22 times inside are not used",
        c -> c.putObject("may_act").put("sub", "gateway").put("exp", 1),
        true),
  };

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("MAY_ACT")
  void mayActBinds(Row row) {
    ObjectNode claims = WORLD.oktaClaims(WORLD.person());
    row.change().accept(claims);

    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(100)));

    assertThat(answer.status()).isEqualTo(row.isAllowed() ? 200 : 400);
    if (!row.isAllowed()) {
      assertThat(answer.text("error")).isEqualTo("invalid_request");
      assertThat(answer.text("error_description")).contains("may_act");
    }
  }

  @Test
  void TX_03_actorTokenAndItsTypeBelongTogether() {
    var noType = exchange("desk", DESK, WORLD.token(WORLD.person()));
    noType.put("actor_token", WORLD.token(WORLD.person()));
    assertRefused(WORLD.post(noType), "invalid_request");

    var noToken = exchange("desk", DESK, WORLD.token(WORLD.person()));
    noToken.put("actor_token_type", World.OKTA_TYPE);
    assertRefused(WORLD.post(noToken), "invalid_request");
  }

  @Test
  void theActorTokensPartyIsTheActor() {
    Person agent = WORLD.person();

    Answer answer = WORLD.post(acting(WORLD.token(WORLD.person()), WORLD.token(agent)));

    ObjectNode claims = World.claims(answer.text("access_token"));
    assertThat(claims.path("act").path("sub").stringValue()).isEqualTo(agent.mail());
    assertThat(claims.path("act").path("iss").stringValue()).isEqualTo(WORLD.okta.issuer());
    assertThat(claims.path("client_id").stringValue()).isEqualTo("desk");
    assertThat(WORLD.entriesOf(answer.text("jti")).getFirst().data().path("act").path("sub"))
        .hasToString("\"" + agent.mail() + "\"");
  }

  @Test
  void C10_refusesAnActorTokenThatIsNotGood() {
    ObjectNode expired =
        WORLD.oktaClaims(WORLD.person()).put("exp", World.NOON.getEpochSecond() - 60);
    assertRefused(
        WORLD.post(acting(WORLD.token(WORLD.person()), WORLD.okta.sign(expired))),
        "invalid_request");
    String forged =
        ForeignIssuer.sign(WORLD.oktaClaims(WORLD.person()), "JWT", ForeignIssuer.STRANGERS_KEY);
    assertRefused(WORLD.post(acting(WORLD.token(WORLD.person()), forged)), "invalid_request");
    var entra = acting(WORLD.token(WORLD.person()), WORLD.token(WORLD.person()));
    entra.put("actor_token_type", World.ENTRA_TYPE);
    assertRefused(WORLD.post(entra), "invalid_request");
    var gateway = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    gateway.put("actor_token", WORLD.token(WORLD.person()));
    gateway.put("actor_token_type", World.OKTA_TYPE);
    assertRefused(WORLD.post(gateway), "invalid_request");
  }

  @Test
  void C11_aClientThatMustNameAnActorCannotGoWithout() {
    assertRefused(
        WORLD.post(exchange("strict", STRICT, WORLD.token(WORLD.person()))), "invalid_request");
    var named = exchange("strict", STRICT, WORLD.token(WORLD.person()));
    named.put("actor_token", WORLD.token(WORLD.person()));
    named.put("actor_token_type", World.OKTA_TYPE);
    assertThat(WORLD.post(named).status()).isEqualTo(200);
  }

  @Test
  void mayActNamesThePartyOfTheActorToken() {
    Person agent = WORLD.person();
    ObjectNode claims = WORLD.oktaClaims(WORLD.person());
    claims.putObject("may_act").put("sub", agent.mail()).put("iss", WORLD.okta.issuer());

    assertThat(WORLD.post(acting(WORLD.okta.sign(claims), WORLD.token(agent))).status())
        .isEqualTo(200);
    assertRefused(
        WORLD.post(acting(WORLD.okta.sign(claims), WORLD.token(WORLD.person()))),
        "invalid_request");
    assertRefused(WORLD.post(exchange("desk", DESK, WORLD.okta.sign(claims))), "invalid_request");
  }

  @Test
  void C09_anActOfAForeignTokenIsDropped() {
    ObjectNode claims = WORLD.oktaClaims(WORLD.person());
    claims.putObject("act").put("sub", "gateway").putObject("act").put("sub", "trusted");

    Answer answer = WORLD.post(WORLD.exchangeForm(WORLD.okta.sign(claims), World.refund(100)));

    assertThat(StrictJson.write(World.claims(answer.text("access_token")).path("act")))
        .isEqualTo("{\"sub\":\"gateway\"}");
  }

  @Test
  void C13_ourOwnTokenIsNoSubjectTokenForAClientThatDoesNotChain() {
    String first = first(100);
    var form = WORLD.exchangeForm(first, World.refund(100));
    form.put("subject_token_type", TokenTypes.ACCESS_TOKEN_URN);
    assertRefused(WORLD.post(form), "invalid_request");
    form.put("client_assertion", WORLD.assertion("gateway"));
    form.put("subject_token_type", World.OKTA_TYPE);
    assertRefused(WORLD.post(form), "invalid_request");
    var foreign = chain(WORLD.token(WORLD.person()), World.refund(100));
    assertRefused(WORLD.post(foreign), "invalid_request");
  }

  @Test
  void aChainNestsItsActorsAndKeepsWhatTheFirstTokenSaid() {
    storeLimit();
    Answer answer = WORLD.post(chain(first(100), World.refund(100)));

    assertThat(answer.status()).isEqualTo(200);
    ObjectNode claims = World.claims(answer.text("access_token"));
    assertThat(StrictJson.write(claims.path("act")))
        .isEqualTo("{\"sub\":\"helper\",\"act\":{\"sub\":\"gateway\"}}");
    assertThat(claims.path("client_id").stringValue()).isEqualTo("helper");
    assertThat(claims.path("sub").stringValue()).isEqualTo(CHAINED.key());
    assertThat(claims.path("sub_id").path("iss").stringValue()).isEqualTo(WORLD.okta.issuer());
    assertThat(claims.path("auth_time").longValue()).isEqualTo(World.NOON.getEpochSecond() - 60);
  }

  @Test
  void C06_TT_03_TT_04_aChainCannotWidenAnything() {
    storeLimit();
    String first = first(100);
    var audience = chain(first, World.refund(100));
    audience.put("resource", "http://127.0.0.1:9999/second");
    assertRefused(WORLD.post(audience), "invalid_target");
    var scope = chain(first, World.refund(100));
    scope.put("scope", "refund:write case:read");
    assertRefused(WORLD.post(scope), "invalid_scope");
    assertRefused(WORLD.post(chain(first, World.refund(101))), "invalid_authorization_details");
    assertRefused(
        WORLD.post(chain(first, World.refund(100, "R-885-0000"))), "invalid_authorization_details");
    String twice = World.refund(100);
    assertRefused(
        WORLD.post(
            chain(
                first,
                "["
                    + twice.substring(1, twice.length() - 1)
                    + ","
                    + twice.substring(1, twice.length() - 1)
                    + "]")),
        "invalid_authorization_details");
  }

  @Test
  void RA_14_aTypesOwnRuleSaysWhatIsLess() {
    storeLimit();
    String first = first(100);

    Answer less = WORLD.post(chain(first, World.refund(40)));

    assertThat(less.status()).as(less.body()).isEqualTo(200);
    assertThat(World.claims(less.text("access_token")).path("authorization_details"))
        .isEqualTo(StrictJson.parse(World.refund(40)));
    assertRefused(WORLD.post(chain(first, World.refund(101))), "invalid_authorization_details");
  }

  @Test
  void C06_TT_04_whateverAChainAsksForItGetsNoMoreThanTheTokenBefore() {
    storeLimit();
    var random = new Random(20260101);
    String first = first(100);
    int granted = 0;
    for (int i = 0; i < 60; i++) {
      var asked = new ArrayList<String>();
      for (int j = random.nextInt(5) / 4; j >= 0; j--) {
        asked.add(
            World.refund(
                1 + random.nextInt(120), random.nextBoolean() ? "R-884-2233" : "R-884-7777"));
      }
      var form = chain(first, joined(asked));
      form.put("scope", random.nextInt(4) == 0 ? "refund:write case:read" : "refund:write");
      form.put(
          "resource", random.nextInt(6) == 0 ? "http://127.0.0.1:9999/second" : World.RESOURCE);
      Answer answer = WORLD.post(form);
      if (answer.status() == 200) {
        granted++;
        assertWithin(World.claims(first), World.claims(answer.text("access_token")));
      }
    }
    assertThat(granted).as("some of them were within").isPositive();
  }

  // Not by the code that is tested: the total of a case is no more than it was, and so is the
  // number of elements.
  private static void assertWithin(ObjectNode wider, ObjectNode narrower) {
    for (String account : List.of("R-884-2233", "R-884-7777")) {
      assertThat(total(narrower, account)).isLessThanOrEqualTo(total(wider, account));
    }
    assertThat(narrower.path("authorization_details").size())
        .isLessThanOrEqualTo(wider.path("authorization_details").size());
    assertThat(wider.path("scope").stringValue().split(" "))
        .contains(narrower.path("scope").stringValue().split(" "));
    assertThat(narrower.path("aud")).isEqualTo(wider.path("aud"));
    assertThat(narrower.path("sub")).isEqualTo(wider.path("sub"));
    assertThat(narrower.path("exp").longValue()).isLessThanOrEqualTo(wider.path("exp").longValue());
  }

  private static long total(ObjectNode claims, String account) {
    long total = 0;
    for (JsonNode element : claims.path("authorization_details")) {
      JsonNode details = element.path("operationDetails");
      if (details.path("creditorAccount").path("identification").asString("").equals(account)) {
        total += details.path("instructedAmount").path("amount").longValue();
      }
    }
    return total;
  }

  private static String joined(List<String> arrays) {
    return arrays.stream()
        .map(array -> array.strip().substring(1, array.strip().length() - 1))
        .collect(Collectors.joining(",", "[", "]"));
  }

  @Test
  void C07_TT_04_aChainDoesNotProlong() {
    storeLimit();
    String first = first(100);
    long ends = World.claims(first).path("exp").longValue();
    WORLD.tick(Duration.ofSeconds(20));
    try {
      Answer answer = WORLD.post(chain(first, World.refund(100)));

      assertThat(World.claims(answer.text("access_token")).path("exp").longValue()).isEqualTo(ends);
      assertThat(answer.json().path("expires_in").intValue()).isEqualTo(40);
    } finally {
      WORLD.now.set(World.NOON);
    }
  }

  @Test
  void C08_TT_06_anActorCannotFollowItself() {
    storeLimit();
    Answer second = WORLD.post(chain(first(100), World.refund(100)));
    Answer third = WORLD.post(chain(second.text("access_token"), World.refund(100)));

    assertRefused(third, "invalid_request");
    assertThat(third.text("error_description")).contains("already names this actor");
  }

  @Test
  void C08_aChainHasAnEnd() {
    storeLimit();
    String token = first(100);
    String before = "gateway";
    for (int i = 2; i <= Delegation.MAX_DEPTH + 1; i++) {
      String name = "hop-" + i;
      ECKey key =
          WORLD.register(
              name,
              new ClientOptions(
                  Set.of(), false, Set.of(before), false, false, false, Set.of(), false));
      Answer answer = WORLD.post(WORLD.by(name, key, chain(token, World.refund(100))));
      if (i <= Delegation.MAX_DEPTH) {
        assertThat(answer.status()).as(name).isEqualTo(200);
        token = answer.text("access_token");
        before = name;
      } else {
        assertRefused(answer, "invalid_request");
        assertThat(answer.text("error_description")).contains("as many actors as are allowed");
      }
    }
  }

  @Test
  void C02_aChainNeedsAClientWhoseTokensItMayTake() {
    storeLimit();
    String second = WORLD.post(chain(first(100), World.refund(100))).text("access_token");
    ECKey stranger =
        WORLD.register(
            "stranger",
            new ClientOptions(
                Set.of(), false, Set.of("gateway"), false, false, false, Set.of(), false));

    Answer answer = WORLD.post(WORLD.by("stranger", stranger, chain(second, World.refund(100))));

    assertRefused(answer, "invalid_request");
    assertThat(answer.text("error_description")).contains("may not exchange");
  }

  @Test
  void C16_aRevokedTokenStartsNoChain() {
    storeLimit();
    Answer first = WORLD.exchange(CHAINED, 100);
    assertThat(
            WORLD
                .send(
                    "POST",
                    "/oauth2/revoke",
                    World.encoded(
                        Map.of(
                            "token", first.text("access_token"),
                            "client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION,
                            "client_assertion", WORLD.assertion("gateway"))),
                    "Content-Type",
                    "application/x-www-form-urlencoded")
                .status())
        .isEqualTo(200);

    assertRefused(
        WORLD.post(chain(first.text("access_token"), World.refund(100))), "invalid_request");
  }

  private static final Person CHAINED = WORLD.person();

  private static void storeLimit() {
    dev.countersign.sts.box.StsBox.attributes(WORLD.database)
        .upsert(CHAINED.key(), "refund_limit", StrictJson.parse("5000"), "import", World.NOON);
  }

  private static String first(long cents) {
    return WORLD.exchange(CHAINED, cents).text("access_token");
  }

  private static Map<String, String> chain(String token, String details) {
    var form = WORLD.by("helper", HELPER, WORLD.exchangeForm(token, details));
    form.put("subject_token_type", TokenTypes.ACCESS_TOKEN_URN);
    return form;
  }

  private static Map<String, String> exchange(String client, ECKey key, String token) {
    return WORLD.by(client, key, WORLD.exchangeForm(token, World.refund(100)));
  }

  private static Map<String, String> acting(String token, String actor) {
    var form = exchange("desk", DESK, token);
    form.put("actor_token", actor);
    form.put("actor_token_type", World.OKTA_TYPE);
    return form;
  }

  private static void assertRefused(Answer answer, String error) {
    assertThat(answer.text("error")).isEqualTo(error);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().has("access_token")).isFalse();
    assertThat(WORLD.entriesOf(answer.text("jti")))
        .hasSize(1)
        .allSatisfy(entry -> assertThat(entry.event()).isEqualTo(LedgerEvent.EXCHANGE_REFUSED));
  }

  record Row(String name, Consumer<ObjectNode> change, boolean isAllowed) {
    @Override
    public String toString() {
      return name;
    }
  }
}
