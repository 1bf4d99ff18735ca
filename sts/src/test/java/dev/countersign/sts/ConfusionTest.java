package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.clients.ClientOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Every kind of token that we make or take, at every place where a token belongs: accepted at its
/// own and refused at all others.
class ConfusionTest {
  private static final World WORLD = new World();
  private static final ECKey DESK =
      WORLD.register(
          "desk",
          new ClientOptions(
              Set.of("okta"),
              false,
              Set.of("gateway"),
              false,
              false,
              false,
              Set.of(World.RESOURCE),
              false));

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void A15_noKindOfTokenPassesForAnother() {
    Map<String, Predicate<String>> places = places();
    Map<String, Set<String>> homes =
        Map.of(
            "subject token", Set.of("subject", "actor", "userinfo"),
            "on-behalf-of token", Set.of("chain", "userinfo", "introspection"),
            "client assertion", Set.of("client"),
            "presenter assertion", Set.of("presenter"),
            "approval", Set.of("second leg"));
    var wrong = new ArrayList<String>();

    for (String kind : List.copyOf(kinds().keySet())) {
      places.forEach((place, accepts) -> {
        // Fresh each time: some are good once.
        String token = kinds().getOrDefault(kind, () -> "").get();
        boolean isHome = homes.getOrDefault(kind, Set.of()).contains(place);
        if (accepts.test(token) != isHome) {
          wrong.add(kind + " at " + place + (isHome ? " is refused" : " is accepted"));
        }
      });
    }

    assertThat(wrong).isEmpty();
  }

  private interface Source extends java.util.function.Supplier<String> {}

  private static Map<String, Source> kinds() {
    var kinds = new LinkedHashMap<String, Source>();
    kinds.put("subject token", () -> WORLD.token(PERSON));
    kinds.put("on-behalf-of token", () -> WORLD.exchange(PERSON, 100).text("access_token"));
    kinds.put("challenge", () -> stepUp().text("access_token"));
    kinds.put("approval", ConfusionTest::approval);
    kinds.put("client assertion", () -> assertion("desk", DESK));
    kinds.put("presenter assertion", () -> assertion("receiver", WORLD.receiverKey));
    kinds.put(
        "introspection answer",
        () ->
            WORLD
                .send(
                    "POST",
                    "/oauth2/introspect",
                    World.encoded(
                        Map.of(
                            "token", WORLD.exchange(PERSON, 100).text("access_token"),
                            "client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION,
                            "client_assertion", assertion("desk", DESK))),
                    "Content-Type",
                    "application/x-www-form-urlencoded",
                    "Accept",
                    "application/token-introspection+jwt")
                .body());
    for (String type :
        List.of(
            "secevent+jwt",
            "logout+jwt",
            "oauth-id-jag+jwt",
            "statuslist+jwt",
            "txntoken+jwt",
            "dpop+jwt",
            "at+jwt")) {
      kinds.put(
          type + " of the provider",
          () -> ForeignIssuer.sign(WORLD.oktaClaims(PERSON), type, WORLD.okta.key));
      kinds.put(
          type + " with a client's key", () -> new JwtSigner(DESK).sign(type, assertionClaims()));
    }
    return kinds;
  }

  private static final Person PERSON = WORLD.person();

  private static Map<String, Predicate<String>> places() {
    var places = new LinkedHashMap<String, Predicate<String>>();
    places.put("subject", token -> isIssued(exchange(token, World.OKTA_TYPE)));
    places.put(
        "any subject",
        token ->
            !WORLD.okta.issuer().equals(issuer(token))
                && isIssued(exchange(token, TokenTypes.JWT_URN)));
    places.put(
        "chain",
        token -> {
          dev.countersign.sts.box.StsBox.attributes(WORLD.database)
              .upsert(PERSON.key(), "refund_limit", StrictJson.parse("5000"), "import", World.NOON);
          return isIssued(exchange(token, TokenTypes.ACCESS_TOKEN_URN));
        });
    places.put(
        "actor",
        token -> {
          var form = desk(WORLD.token(PERSON));
          form.put("actor_token", token);
          form.put("actor_token_type", World.OKTA_TYPE);
          return isIssued(WORLD.post(form));
        });
    places.put(
        "client",
        token -> {
          var form = desk(WORLD.token(PERSON));
          form.put("client_assertion", token);
          return isIssued(WORLD.post(form));
        });
    places.put(
        "second leg", token -> isIssued(WORLD.post(WORLD.redeemForm(token, World.refund(9_000)))));
    places.put("userinfo", token -> WORLD.userInfo(token).status() == 200);
    places.put(
        "introspection",
        token ->
            WORLD
                .send(
                    "POST",
                    "/oauth2/introspect",
                    World.encoded(
                        Map.of(
                            "token",
                            token,
                            "client_assertion_type",
                            TokenTypes.JWT_CLIENT_ASSERTION,
                            "client_assertion",
                            assertion("desk", DESK))),
                    "Content-Type",
                    "application/x-www-form-urlencoded")
                .body()
                .contains("\"active\":true"));
    places.put(
        "presenter",
        token ->
            WORLD
                    .send(
                        "GET",
                        "/v1.0/auth/sessions/" + World.encode(PERSON.key()),
                        null,
                        PresenterAssertion.HEADER,
                        token)
                    .status()
                == 200);
    places.put(
        "proof", token -> WORLD.post(desk(WORLD.token(PERSON)), "DPoP", token).status() == 200);
    return places;
  }

  private static String issuer(String token) {
    return World.claims(token).path("iss").asString("");
  }

  private static Answer stepUp() {
    return WORLD.exchange(WORLD.person(), 9_000);
  }

  private static String approval() {
    Person person = WORLD.person();
    return WORLD.approved(person, WORLD.exchange(person, 9_000));
  }

  private static boolean isIssued(Answer answer) {
    return answer.status() == 200 && answer.json().has("access_token");
  }

  private static Answer exchange(String token, String type) {
    var form = desk(token);
    form.put("subject_token_type", type);
    return WORLD.post(form);
  }

  private static Map<String, String> desk(String token) {
    return WORLD.by("desk", DESK, WORLD.exchangeForm(token, World.refund(100)));
  }

  private static String assertion(String client, ECKey key) {
    return new PresenterAssertion.Maker(client, key, WORLD.clock).assertion(WORLD.issuer);
  }

  private static ObjectNode assertionClaims() {
    long now = World.NOON.getEpochSecond();
    return StrictJson.object()
        .put("iss", "desk")
        .put("sub", "desk")
        .put("aud", WORLD.issuer)
        .put("jti", Ids.random())
        .put("iat", now)
        .put("exp", now + 60);
  }
}
