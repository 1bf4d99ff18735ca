package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// What other people's libraries say: `oidc-provider` is a foreign issuer whose tokens are
/// exchanged, `oauth4webapi` and `jose` judge our metadata, our answers and our tokens.
class JudgesTest {
  private static final String TYPE = "urn:certified:token-type:user-jwt";
  private static NodeProgram issuer;
  private static ObjectNode issued;
  private static World world;

  @BeforeAll
  static void start() {
    issuer = new NodeProgram("issuer.mjs");
    issued = issuer.next();
    world = new World(List.of(anchor()));
    world.now.set(Instant.now());
  }

  @AfterAll
  static void stop() {
    if (world != null) {
      world.close();
      issuer.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rs256", "es256", "ed25519"})
  void exchangesTheTokensOfACertifiedProviderWhateverItsAlgorithm(String algorithm) {
    Answer answer = exchange(issued.path(algorithm).stringValue(), TYPE);

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(World.claims(answer.text("access_token")).path("sub").stringValue())
        .isEqualTo("certified|lena");
  }

  @Test
  void A14_refusesItsTokenForAnotherApi() {
    assertThat(exchange(issued.path("other").stringValue(), TYPE).text("error"))
        .isEqualTo("invalid_request");
  }

  @Test
  void exchangesItsOpaqueTokenUntilItIsRevokedThere() {
    String opaque = issued.path("opaque").stringValue();
    Answer before = exchange(opaque, TYPE);

    issuer.say("revoke");
    assertThat(issuer.next().path("revoked").booleanValue()).isTrue();

    assertThat(before.status()).as(before.body()).isEqualTo(200);
    assertThat(exchange(opaque, TYPE).text("error")).isEqualTo("invalid_request");
  }

  @Test
  void MD02_TX12_AT09_aCertifiedClientAgreesWithOurMetadataOurAnswerAndOurToken() {
    Person person = world.person();
    ObjectNode task =
        StrictJson.object()
            .put("issuer", world.issuer)
            .put("client", "gateway")
            .put("audience", World.RESOURCE);
    task.set("key", StrictJson.parseObject(world.gatewayKey.toJSONString()));
    task.putObject("parameters")
        .put("subject_token", world.token(person))
        .put("subject_token_type", World.OKTA_TYPE)
        .put("scope", "refund:write")
        .put("resource", World.RESOURCE)
        .put("authorization_details", World.refund(100));

    ObjectNode found = NodeProgram.run("judge.mjs", task);

    assertThat(found.path("as")).as("one document at both places").isEqualTo(found.path("op"));
    assertThat(found.path("claims").path("sub").stringValue()).isEqualTo(person.key());
    assertThat(found.path("claims").path("authorization_details"))
        .isEqualTo(StrictJson.parse(World.refund(100)));
    assertThat(found.path("header").path("typ").stringValue()).isEqualTo("at+jwt");
    assertThat(found.path("answer").path("issued_token_type").stringValue())
        .isEqualTo("urn:ietf:params:oauth:token-type:access_token");
    assertThat(found.path("cache").stringValue()).contains("no-store");
    assertThat(found.path("refusal").stringValue()).isEqualTo("400 invalid_request");
  }

  private static Answer exchange(String token, String type) {
    var form = world.exchangeForm(token, World.refund(100));
    form.put("subject_token_type", type);
    return world.post(form);
  }

  private static Anchor anchor() {
    String address = issued.path("issuer").stringValue();
    return new Anchor(
        "certified",
        TYPE,
        new JwtRules(
            address,
            Set.of("urn:refunds"),
            Set.of("at+jwt"),
            Set.of("RS256", "ES256", "Ed25519"),
            Duration.ofSeconds(30),
            Duration.ZERO),
        new Anchor.Demands(Map.of(), Set.of("scope"), Set.of("console"), false),
        new Anchor.Claims(
            "sub", List.of("email"), List.of(), Map.of("refund_limit", "refund_limit")),
        new IssuerKeys(
            IssuerKeys.Place.Discovered.of(address, Set.of()),
            Set.of("127.0.0.1"),
            null,
            RemoteKeySet.OUTAGE_LIMIT),
        new Introspection(
            URI.create(address + "/token/introspection"),
            "sts",
            new Secret("a secret: of the sts"),
            Introspection.Scope.OPAQUE));
  }
}
