package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientOptions;
import dev.countersign.sts.clients.Credentials;
import dev.countersign.sts.clients.Registration;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Tokens about a client itself, for the management of streams, and for nothing else.
class ClientCredentialsTest {
  private static final World WORLD = new World();
  private static final ECKey PARTNER = World.ec("partner");

  @BeforeAll
  static void register() {
    Registration registration =
        Registration.of(
                "A partner's receiver",
                List.of(),
                List.of(),
                List.of("ssf.read", "ssf.manage"),
                List.of(WORLD.transmitter.address().toString()),
                Duration.ofMinutes(5),
                ClientOptions.none())
            .withKeys(
                "private_key_jwt",
                StrictJson.parseObject(PARTNER.toPublicJWK().toJSONString()),
                World.NOON);
    assertThat(StsBox.clients(WORLD.database, WORLD.clock).add("partner", registration)).isTrue();
    World.until(() -> ask(Map.of()).status() == 200);
  }

  @AfterAll
  static void close() {
    WORLD.close();
  }

  private static Client partner(Set<String> scopes) {
    return new Client(
        "partner",
        new Credentials.Keys(World.keys(PARTNER)),
        Set.of(),
        Set.of(),
        scopes,
        List.of(WORLD.transmitter.address().toString()),
        Duration.ofMinutes(5),
        "A partner's receiver",
        ClientOptions.none());
  }

  private static Answer ask(Map<String, String> more) {
    return ask("partner", PARTNER, more);
  }

  private static Answer ask(String client, ECKey key, Map<String, String> more) {
    var form = new HashMap<String, String>();
    form.put("grant_type", "client_credentials");
    form.put("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.put(
        "client_assertion",
        new PresenterAssertion.Maker(client, key, WORLD.clock).assertion(WORLD.issuer));
    form.putAll(more);
    return WORLD.post(form);
  }

  @Test
  void CI06_aReceiverGetsATokenForTheTransmitter() {
    Answer answer = ask(Map.of("scope", "ssf.read"));

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.text("token_type")).isEqualTo("Bearer");
    assertThat(answer.text("scope")).isEqualTo("ssf.read");
    ObjectNode claims = World.claims(answer.text("access_token"));
    assertThat(claims.path("aud").stringValue()).isEqualTo(WORLD.transmitter.address().toString());
    assertThat(claims.path("client_id").stringValue()).isEqualTo("partner");
    assertThat(claims.path("exp").longValue() - claims.path("iat").longValue())
        .isEqualTo(Duration.ofMinutes(5).toSeconds());
    assertThat(claims.has("act")).isFalse();
    assertThat(WORLD.ledger.stream().filter(e -> e.event() == LedgerEvent.EXCHANGE_PERMITTED))
        .anyMatch(e -> e.jti().equals(claims.path("jti").stringValue()));
  }

  @Test
  void withoutAScopeItGetsAllOfItsScopes() {
    assertThat(ask(Map.of()).text("scope")).isEqualTo("ssf.manage ssf.read");
  }

  @Test
  void C04_C05_moreThanItMayIsRefused() {
    assertThat(ask(Map.of("scope", "ssf.manage refund:write")).text("error"))
        .isEqualTo("invalid_scope");
    assertThat(ask(Map.of("resource", World.RESOURCE)).text("error")).isEqualTo("invalid_target");
    assertThat(ask(Map.of("audience", World.RESOURCE)).text("error")).isEqualTo("invalid_target");
  }

  @Test
  void aClientThatExchangesGetsNoTokenAboutItself() {
    assertThat(ask("gateway", WORLD.gatewayKey, Map.of()).text("error"))
        .isEqualTo("unauthorized_client");
    assertThat(ask("gateway", WORLD.gatewayKey, Map.of("scope", "ssf.manage")).text("error"))
        .isEqualTo("unauthorized_client");
  }

  @Test
  void C01_anotherKeyIsNobody() {
    assertThat(ask("partner", World.ec("partner"), Map.of()).text("error"))
        .isEqualTo("invalid_client");
  }

  @Test
  void A15_itPassesForNoTokenOfAPerson() {
    String token = ask(Map.of()).text("access_token");

    assertThat(WORLD.userInfo(token).status()).isEqualTo(401);
    var form = new HashMap<>(WORLD.exchangeForm(token, World.refund(100)));
    form.put("subject_token_type", "urn:ietf:params:oauth:token-type:access_token");
    assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_request");
  }

  @Test
  void aClientForStreamsIsForNothingElse() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> partner(Set.of("ssf.manage", "refund:write")))
        .withMessageContaining("no other scopes");
  }
}
