package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.LENA;
import static dev.countersign.signals.box.World.MAYA;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Changing streams, access tokens, and what sources may hand in.
class ManagementTest {
  private World world;

  @BeforeEach
  void start() {
    world = new World();
    world.transmitter();
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  @Test
  void SS19_changesWhatIsNamedAndLeavesTheRest() {
    String stream = world.stream("receiver");

    ObjectNode changed =
        changed("PATCH", StrictJson.object().put("stream_id", stream).put("description", "ours"));

    assertThat(changed.path("description").stringValue()).isEqualTo("ours");
    assertThat(changed.path("events_requested").size()).isEqualTo(2);
    assertThat(world.entries(LedgerEvent.STREAM_CHANGED)).hasSize(1);
  }

  @Test
  void SS20_replacesEverythingAndForgetsWhatIsNotNamed() {
    String stream = world.stream("receiver");
    changed("PATCH", StrictJson.object().put("stream_id", stream).put("description", "ours"));

    ObjectNode changed = changed("PUT", StrictJson.object().put("stream_id", stream));

    assertThat(changed.has("description")).isFalse();
    assertThat(changed.path("events_requested").size()).isZero();
    assertThat(changed.path("events_delivered").valueStream().map(JsonNode::stringValue))
        .contains(EventTypes.SESSION_REVOKED);
  }

  @Test
  void SS19_refusesAnotherAudienceAndAcceptsOurOwnWords() {
    String stream = world.stream("receiver");
    ObjectNode whole =
        StrictJson.parseObject(
            world.call("receiver", "GET", "/ssf/streams?stream_id=" + stream, null).body());

    WireClient.Answer same = world.call("receiver", "PUT", "/ssf/streams", whole);
    WireClient.Answer other =
        world.call("receiver", "PATCH", "/ssf/streams", whole.put("aud", "https://evil.example"));

    assertThat(same.status()).as(same.text()).isEqualTo(200);
    assertThat(other.status()).isEqualTo(400);
    assertThat(other.text()).contains("`aud`");
  }

  @Test
  void J10_changesNoStreamOfAnother() {
    String stream = world.stream("receiver");
    ObjectNode body = StrictJson.object().put("stream_id", stream);

    assertThat(world.call("partner", "PATCH", "/ssf/streams", body).status()).isEqualTo(404);
    assertThat(world.call("partner", "PUT", "/ssf/streams", body).status()).isEqualTo(404);
    assertThat(
            world.call("partner", "POST", "/ssf/subjects/remove", subject(stream, MAYA)).status())
        .isEqualTo(404);
  }

  @Test
  void SS24_SS25_sendsNothingAboutASubjectThatIsOutAndAllOfItWhenItIsBack() {
    String stream = world.stream("receiver");
    WireClient.Answer out =
        world.call("receiver", "POST", "/ssf/subjects/remove", subject(stream, MAYA));
    world.kill(MAYA, "txn-1");
    world.kill(LENA, "txn-2");

    ObjectNode first = world.poll("receiver", stream);
    WireClient.Answer in =
        world.call("receiver", "POST", "/ssf/subjects/add", subject(stream, MAYA));
    world.kill(MAYA, "txn-3");

    assertThat(out.status()).isEqualTo(204);
    assertThat(in.status()).isEqualTo(200);
    assertThat(first.path("sets").size()).isEqualTo(1);
    assertThat(world.poll("receiver", stream).path("sets").size()).isEqualTo(1);
  }

  @Test
  void J07_leavesATraceOfWhoSilencesAStream() {
    String stream = world.stream("receiver");

    world.call("receiver", "POST", "/ssf/subjects/remove", subject(stream, MAYA));
    world.call(
        "receiver",
        "POST",
        "/ssf/status",
        StrictJson.object().put("stream_id", stream).put("status", "disabled"));

    assertThat(world.entries(LedgerEvent.STREAM_CHANGED))
        .extracting(entry -> entry.data().path("what").stringValue())
        .containsExactly("a subject is out", "status disabled");
  }

  @Test
  void CI06_opensTheManagementToAccessTokensOfTheirScope() {
    String manage = token(_ -> {});
    String read = token(claims -> claims.put("scope", "ssf.read other"));

    assertThat(bearer(manage, "POST", "/ssf/streams", StrictJson.object()).status()).isEqualTo(201);
    assertThat(bearer(read, "GET", "/ssf/streams", null).status()).isEqualTo(200);
    WireClient.Answer refused = bearer(read, "POST", "/ssf/streams", StrictJson.object());
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.header("www-authenticate").orElse("")).contains("insufficient_scope");
  }

  static final List<Row> TOKENS =
      List.of(
          new Row(
              "another issuer", claims -> claims.put("iss", "https://evil.example"), null, null),
          new Row(
              "another audience", claims -> claims.put("aud", "https://other.example"), null, null),
          new Row(
              "expired",
              claims -> claims.put("exp", claims.path("iat").longValue() - 60),
              null,
              null),
          new Row(
              "a day long",
              claims -> claims.put("exp", claims.path("iat").longValue() + 86_400),
              null,
              null),
          new Row("no client", claims -> claims.remove("client_id"), null, null),
          new Row("for somebody", claims -> claims.putObject("act").put("sub", "x"), null, null),
          new Row("bound to a key", claims -> claims.putObject("cnf").put("jkt", "x"), null, null),
          new Row("another key", _ -> {}, KeyFiles.newEc(), null),
          new Row("an ID token", _ -> {}, null, "JWT"),
          new Row("an event token", _ -> {}, null, "secevent+jwt"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("TOKENS")
  void CI06_refusesATokenThatIsNotForThis(Row row) {
    String token =
        token(
            row.change,
            row.key == null ? World.AUTHORIZATION_KEY : row.key,
            row.type == null ? "at+jwt" : row.type);

    WireClient.Answer answer = bearer(token, "POST", "/ssf/streams", StrictJson.object());

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("www-authenticate").orElse("")).contains("invalid_token");
  }

  @Test
  void CI06_refusesATokenOfAClientThatIsNoReceiver() {
    String token = token(claims -> claims.put("client_id", "gateway"));

    assertThat(bearer(token, "GET", "/ssf/streams", null).status()).isEqualTo(403);
  }

  @Test
  void J06_takesNoEventForAnAccessToken() {
    WireClient.Answer answer =
        bearer(token(_ -> {}), "POST", "/sources/sts/events", world.event(MAYA, "txn-1"));

    assertThat(answer.status()).isEqualTo(401);
    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED)).isEmpty();
  }

  @Test
  void J03_refusesAnEventAboutAPersonOfAnAnchorThatTheSourceMayNotSpeakAbout() {
    WireClient.Answer answer = gateway(world.event(LENA, "txn-1"));

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.text()).contains("anchor");
  }

  @Test
  void J06_stopsASourceThatKillsOneAfterAnotherAndTakesItsRepeats() {
    for (int i = 0; i < 3; i++) {
      assertThat(gateway(world.event("entra|person-" + i, "txn-" + i)).status()).isEqualTo(201);
    }

    WireClient.Answer fourth = gateway(world.event("entra|person-4", "txn-4"));
    WireClient.Answer repeat = gateway(world.event("entra|person-1", "txn-1"));
    WireClient.Answer other = world.ingest(world.event("entra|person-5", "txn-5"));
    world.clock.move(Duration.ofSeconds(61));
    WireClient.Answer later = gateway(world.event("entra|person-4", "txn-4"));

    assertThat(fourth.status()).isEqualTo(429);
    assertThat(fourth.header("retry-after")).isPresent();
    assertThat(repeat.status()).isEqualTo(201);
    assertThat(other.status()).isEqualTo(201);
    assertThat(later.status()).isEqualTo(201);
  }

  @Test
  void understandsTheFormOfOlderMappersOnce() {
    String stream = world.stream("receiver");
    ObjectNode old = oldForm();

    WireClient.Answer first = world.call("gateway", "POST", "/sources/mapper/events", old);
    WireClient.Answer again = world.call("gateway", "POST", "/sources/mapper/events", old);

    assertThat(first.status()).as(first.text()).isEqualTo(201);
    assertThat(again.text()).isEqualTo(first.text());
    assertThat(world.poll("receiver", stream).path("sets").size()).isEqualTo(1);
    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED).getFirst().subject()).isEqualTo(MAYA);
  }

  @Test
  void J05_endsNobodysSessionsByAnAddressAlone() {
    ObjectNode old = oldForm();
    ((ObjectNode) old.path("sub_id")).remove("entraUserId");

    WireClient.Answer answer = world.call("gateway", "POST", "/sources/mapper/events", old);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("`entraUserId`");
  }

  @Test
  void refusesAMemberThatComesUnderBothItsNames() {
    ObjectNode old = oldForm();
    ((ObjectNode) old.path("events").path(EventTypes.SESSION_REVOKED))
        .putObject("reason_admin")
        .put("en", "x");

    WireClient.Answer answer = world.call("gateway", "POST", "/sources/mapper/events", old);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("`reason_admin`");
  }

  private ObjectNode oldForm() {
    ObjectNode body = StrictJson.object();
    body.putObject("sub_id")
        .put("format", "email")
        .put("email", "maya@contoso.example")
        .put("entraUserId", MAYA.substring("entra|".length()));
    ObjectNode event = body.putObject("events").putObject(EventTypes.SESSION_REVOKED);
    event.put("event_timestamp", world.clock.instant().toEpochMilli());
    event.put("initiatingEntity", "policy");
    event.putObject("reasonAdmin").put("en", "deny_threshold_reached");
    event.putObject("reasonUser").put("en", "your sessions were ended");
    return body;
  }

  private WireClient.Answer gateway(ObjectNode event) {
    return world.call("gateway", "POST", "/sources/gateway/events", event);
  }

  private ObjectNode changed(String method, ObjectNode body) {
    WireClient.Answer answer = world.call("receiver", method, "/ssf/streams", body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return StrictJson.parseObject(answer.body());
  }

  private static ObjectNode subject(String stream, String sub) {
    ObjectNode body = StrictJson.object().put("stream_id", stream);
    body.putObject("subject").put("format", "iss_sub").put("iss", World.STS_ISSUER).put("sub", sub);
    return body;
  }

  private String token(Consumer<ObjectNode> change) {
    return token(change, World.AUTHORIZATION_KEY, "at+jwt");
  }

  private String token(Consumer<ObjectNode> change, ECKey key, String type) {
    long now = world.clock.instant().getEpochSecond();
    ObjectNode claims = StrictJson.object();
    claims.put("iss", World.STS_ISSUER).put("aud", world.issuer.toString()).put("sub", "receiver");
    claims.put("client_id", "receiver").put("scope", "ssf.manage").put("jti", Ids.random());
    claims.put("iat", now).put("exp", now + 300);
    change.accept(claims);
    return new JwtSigner(key).sign(type, claims);
  }

  private WireClient.Answer bearer(
      String token, String method, String path, @Nullable JsonNode body) {
    var headers = new HashMap<>(Map.of("Authorization", "Bearer " + token));
    if (body != null) {
      headers.put("Content-Type", "application/json");
    }
    return world.client.send(
        method,
        URI.create(world.issuer + path),
        headers,
        body == null ? null : StrictJson.write(body),
        Duration.ofSeconds(30));
  }

  record Row(String name, Consumer<ObjectNode> change, @Nullable ECKey key, @Nullable String type) {
    @Override
    public String toString() {
      return name;
    }
  }
}
