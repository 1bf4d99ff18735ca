package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.MAYA;
import static dev.countersign.signals.box.World.STS_ISSUER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.SignedJWT;
import dev.countersign.box.KeyFiles;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.transmit.TransmitterConfig;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class TransmitterTest {
  private World world;
  private TransmitterBox box;

  @BeforeEach
  void start() {
    world = new World();
    box = world.transmitter();
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  @Test
  void SS12_SS13_CI01_publishesMetadataUnderItsIssuer() {
    WireClient.Answer answer =
        world.raw(world.issuer, null, "GET", "/.well-known/ssf-configuration", null);

    ObjectNode metadata = StrictJson.parseObject(answer.body());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(metadata.path("issuer").stringValue()).isEqualTo(world.issuer.toString());
    assertThat(metadata.path("spec_version").stringValue()).isEqualTo("1_0");
    assertThat(metadata.path("jwks_uri").stringValue()).startsWith(world.issuer.toString());
    assertThat(metadata.path("delivery_methods_supported").valueStream().map(JsonNode::stringValue))
        .containsExactly("urn:ietf:rfc:8935", "urn:ietf:rfc:8936");
    assertThat(metadata.path("default_subjects").stringValue()).isEqualTo("ALL");
    for (String endpoint :
        List.of(
            "configuration_endpoint",
            "status_endpoint",
            "add_subject_endpoint",
            "remove_subject_endpoint",
            "verification_endpoint")) {
      assertThat(metadata.path(endpoint).asString("")).as(endpoint).startsWith(world.issuer + "/");
    }
    assertThat(metadata.path("authorization_schemes").toString()).contains("urn:ietf:rfc:6749");
  }

  @Test
  void publishesOnlyPublicKeys() {
    WireClient.Answer answer = world.raw(world.issuer, null, "GET", "/ssf/jwks", null);

    JsonNode keys = StrictJson.parseObject(answer.body()).path("keys");
    assertThat(keys.size()).isEqualTo(2);
    assertThat(answer.text()).doesNotContain("\"d\":").doesNotContain("\"p\":");
  }

  @Test
  void SE01_SE03_SE04_SS01_SS02_SS03_SS05_SS07_CI04_signsOneEventWithExactlyTheClaimsOfTheProfile()
      throws Exception {
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");

    String token = world.poll("receiver", stream).path("sets").path(id).stringValue();

    SignedJWT jwt = SignedJWT.parse(token);
    ObjectNode claims = StrictJson.parseObject(jwt.getPayload().toBytes());
    assertThat(jwt.verify(new ECDSAVerifier(world.signingKey))).isTrue();
    assertThat(jwt.getHeader().getType().getType()).isEqualTo("secevent+jwt");
    assertThat(claims.propertyNames())
        .containsExactlyInAnyOrder("iss", "aud", "iat", "jti", "txn", "sub_id", "events");
    assertThat(claims.path("iss").stringValue()).isEqualTo(world.issuer.toString());
    assertThat(claims.path("aud").stringValue()).isEqualTo(World.AUDIENCE);
    assertThat(claims.path("jti").stringValue()).isEqualTo(id);
    assertThat(claims.path("txn").stringValue()).isEqualTo("txn-1");
    assertThat(claims.path("sub_id"))
        .isEqualTo(
            StrictJson.object().put("format", "iss_sub").put("iss", STS_ISSUER).put("sub", MAYA));
    assertThat(claims.path("events").propertyNames()).containsExactly(EventTypes.SESSION_REVOKED);
  }

  @Test
  void CI05_SS06_signsTheStreamOfAReceiverThatWantsItWithRs256() throws Exception {
    String stream = world.stream("partner");
    String id = world.kill(MAYA, "txn-1");

    SignedJWT jwt =
        SignedJWT.parse(world.poll("partner", stream).path("sets").path(id).stringValue());

    assertThat(jwt.getHeader().getAlgorithm().getName()).isEqualTo("RS256");
    assertThat(jwt.getJWTClaimsSet().getAudience()).containsExactly(World.OTHER_AUDIENCE);
    assertThat(
            jwt.verify(new RSASSAVerifier(World.PARTNER_SIGNING_KEY.toRSAKey().toRSAPublicKey())))
        .isTrue();
  }

  @Test
  void CI05_signsAStreamWithAKeyOfItsOwnAndNoOtherStreamWithIt() throws Exception {
    box.close();
    RSAKey own = KeyFiles.newRsa();
    TransmitterConfig usual = world.transmitterConfig(world.issuer.getPort());
    var config =
        new TransmitterConfig(
            usual.listener(),
            usual.issuer(),
            usual.sources(),
            List.of(
                usual.receivers().getFirst(),
                new TransmitterConfig.Receiver(
                    "partner", World.OTHER_AUDIENCE, "RS256", Optional.of(own))),
            usual.workloads(),
            usual.longestPoll(),
            usual.push(),
            usual.authorizations(),
            usual.certificates(),
            usual.keeping());
    world.keep(
        TransmitterBox.start(
            config,
            world.transmitterDatabase,
            world.ledger,
            List.of(world.signingKey),
            world.clock));
    String partners = world.stream("partner");
    String ours = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");

    SignedJWT theirs =
        SignedJWT.parse(world.poll("partner", partners).path("sets").path(id).stringValue());
    SignedJWT mine =
        SignedJWT.parse(world.poll("receiver", ours).path("sets").path(id).stringValue());

    assertThat(theirs.getHeader().getKeyID()).isEqualTo(own.getKeyID());
    assertThat(theirs.verify(new RSASSAVerifier(own.toRSAPublicKey()))).isTrue();
    assertThat(mine.getHeader().getKeyID()).isEqualTo(world.signingKey.getKeyID());
    assertThat(world.raw(world.issuer, null, "GET", "/ssf/jwks", null).text())
        .contains(own.getKeyID(), world.signingKey.getKeyID())
        .doesNotContain("\"d\":");
  }

  @Test
  void CI05_takesNoKeyOfAnotherAlgorithmForAStream() {
    assertThatThrownBy(() ->
            new TransmitterConfig.Receiver(
                "partner", World.OTHER_AUDIENCE, "RS256", Optional.of(KeyFiles.newEc())))
        .hasMessageContaining("its own key is not one for RS256");
  }

  @Test
  void refusesAnEventWithoutAPresenterAndTellsTheScheme() {
    String stream = world.stream("receiver");

    WireClient.Answer answer =
        world.raw(world.issuer, null, "POST", "/sources/sts/events", world.event(MAYA, "txn-1"));

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("www-authenticate")).isPresent();
    assertNothingHappened(stream);
  }

  @Test
  void J06_refusesAnEventOfAWorkloadThatMayNotUseTheSource() {
    String stream = world.stream("receiver");

    WireClient.Answer answer =
        world.call("gateway", "POST", "/sources/sts/events", world.event(MAYA, "txn-1"));

    assertThat(answer.status()).isEqualTo(403);
    assertNothingHappened(stream);
  }

  @Test
  void refusesAnAssertionThatAnotherKeySigned() {
    String stream = world.stream("receiver");
    String forged =
        new PresenterAssertion.Maker("sts", World.key("gateway"), world.clock)
            .assertion(world.issuer.toString());

    WireClient.Answer answer =
        world.raw(world.issuer, forged, "POST", "/sources/sts/events", world.event(MAYA, "txn-1"));

    assertThat(answer.status()).isEqualTo(401);
    assertNothingHappened(stream);
  }

  @Test
  void refusesAnAssertionForAnotherBox() {
    String stream = world.stream("receiver");
    String other =
        new PresenterAssertion.Maker("sts", World.key("sts"), world.clock).assertion(STS_ISSUER);

    WireClient.Answer answer =
        world.raw(world.issuer, other, "POST", "/sources/sts/events", world.event(MAYA, "txn-1"));

    assertThat(answer.status()).isEqualTo(401);
    assertNothingHappened(stream);
  }

  @Test
  void refusesAnAssertionThatWasUsed() {
    String assertion = world.assertion("sts");
    ObjectNode event = world.event(MAYA, "txn-1");

    var first = world.raw(world.issuer, assertion, "POST", "/sources/sts/events", event);
    var second = world.raw(world.issuer, assertion, "POST", "/sources/sts/events", event);

    assertThat(first.status()).isEqualTo(201);
    assertThat(second.status()).isEqualTo(401);
  }

  @Test
  void doesNotKnowOtherSources() {
    assertThat(
            world.call("sts", "POST", "/sources/mcp/events", world.event(MAYA, "txn-1")).status())
        .isEqualTo(404);
    assertThat(world.entries(LedgerEvent.EVENT_REFUSED)).hasSize(1);
  }

  @Test
  void J03_refusesAnEventAboutASubjectOfAnIssuerThatTheSourceMayNotSpeakFor() {
    String stream = world.stream("receiver");
    ObjectNode event = world.event(MAYA, "txn-1");
    ((ObjectNode) event.path("sub_id")).put("iss", "https://sts.other.example");

    assertThat(world.ingest(event).status()).isEqualTo(403);
    assertNothingHappened(stream);
  }

  /// What is wrong, and the member that the answer must name.
  static final List<Row> MALFORMED =
      List.of(
          new Row("no subject", "sub_id", body -> body.remove("sub_id")),
          new Row("subject is a text", "sub_id", body -> body.put("sub_id", MAYA)),
          new Row("e-mail as subject", "format", body -> sub(body).put("format", "email")),
          new Row("no sub", "sub", body -> sub(body).remove("sub")),
          new Row("empty sub", "sub", body -> sub(body).put("sub", "")),
          new Row("null sub", "sub", body -> sub(body).putNull("sub")),
          new Row("member too much", "email", body -> sub(body).put("email", "m@contoso.example")),
          new Row("no txn", "txn", body -> body.remove("txn")),
          new Row("txn is a number", "txn", body -> body.put("txn", 1)),
          new Row("no events", "events", body -> body.remove("events")),
          new Row("no event", "events", body -> body.putObject("events")),
          new Row(
              "two events",
              "events",
              body -> ((ObjectNode) body.path("events")).putObject("urn:other")),
          new Row(
              "unknown event", "events", body -> body.putObject("events").putObject("urn:other")),
          new Row(
              "event is a text",
              "events",
              body -> body.putObject("events").put(EventTypes.SESSION_REVOKED, "yes")),
          new Row("no time", "event_timestamp", body -> in(body).remove("event_timestamp")),
          new Row(
              "milliseconds",
              "event_timestamp",
              body -> in(body).put("event_timestamp", 1_790_000_000_000L)),
          new Row(
              "time is a text", "event_timestamp", body -> in(body).put("event_timestamp", "now")),
          new Row("fraction", "event_timestamp", body -> in(body).put("event_timestamp", 1.5)),
          new Row(
              "unknown entity",
              "initiating_entity",
              body -> in(body).put("initiating_entity", "agent")),
          new Row(
              "camel case", "initiatingEntity", body -> in(body).put("initiatingEntity", "policy")),
          new Row("no reason", "reason_admin", body -> in(body).remove("reason_admin")),
          new Row("reason is a text", "reason_admin", body -> in(body).put("reason_admin", "x")),
          new Row("empty reason", "reason_admin", body -> in(body).putObject("reason_admin")),
          new Row(
              "J17 line break in a reason",
              "reason_user",
              body -> in(body).putObject("reason_user").put("en", "a\r\nb")),
          new Row(
              "no language",
              "reason_user",
              body -> in(body).putObject("reason_user").put("<b>", "a")),
          new Row("member beside", "toe", body -> body.put("toe", 1)));

  @ParameterizedTest(name = "{0}")
  @FieldSource("MALFORMED")
  void SE02_SS08_SI01_CA00_CI07_refusesAMalformedEventAndNamesTheMember(Row row) {
    ObjectNode body = world.event(MAYA, "txn-1");
    row.change.accept(body);

    WireClient.Answer answer = world.ingest(body);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(StrictJson.parseObject(answer.body()).path("error_description").stringValue())
        .contains("`" + row.member + "`");
    assertThat(world.entries(LedgerEvent.EVENT_REFUSED)).hasSize(1);
    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED)).isEmpty();
  }

  @Test
  void takesARepeatedEventOnce() {
    String stream = world.stream("receiver");

    String first = world.kill(MAYA, "txn-1");
    String again = world.kill(MAYA, "txn-1");
    String other = world.kill(MAYA, "txn-2");

    assertThat(again).isEqualTo(first);
    assertThat(world.poll("receiver", stream).path("sets").propertyNames())
        .containsExactly(first, other);
  }

  @Test
  void writesWhatItTakesInTheLedgerUnderTheCallThatCausedIt() {
    world.stream("receiver");

    world.kill(MAYA, "txn-1");

    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED, "txn-1"))
        .singleElement()
        .satisfies(entry -> {
          assertThat(entry.subject()).isEqualTo(MAYA);
          assertThat(entry.data().path("streams").intValue()).isEqualTo(1);
        });
  }

  @Test
  void PO03_wakesAWaitingPoll() {
    String stream = world.stream("receiver");
    CompletableFuture<ObjectNode> waiting = longPoll(world.issuer, stream);

    String id = world.kill(MAYA, "txn-1");
    ObjectNode answer = waiting.join();

    assertThat(answer.path("sets").propertyNames()).containsExactly(id);
  }

  @Test
  void wakesAPollThatWaitsAtAnotherReplica() {
    TransmitterBox replica =
        world.transmitter(0, List.of(world.signingKey, World.PARTNER_SIGNING_KEY));
    String stream = world.stream("receiver");
    CompletableFuture<ObjectNode> waiting = longPoll(replica.baseUri(), stream);

    String id = world.kill(MAYA, "txn-1");

    assertThat(waiting.join().path("sets").propertyNames()).containsExactly(id);
  }

  @Test
  void endsAWaitingPollWhenItStops() {
    String stream = world.stream("receiver");
    CompletableFuture<ObjectNode> waiting = longPoll(world.issuer, stream);
    world.eventually("the poll waits", () -> isPolling());

    box.close();

    assertThat(waiting.join().path("sets").size()).isZero();
  }

  @Test
  void PO02_answersAnEmptyObjectWhenThereIsNothing() {
    String stream = world.stream("receiver");

    ObjectNode answer = world.poll("receiver", stream);

    assertThat(answer.path("sets")).isEqualTo(StrictJson.object());
    assertThat(answer.path("moreAvailable").booleanValue()).isFalse();
  }

  @Test
  void PO03_neverSendsMoreThanAskedForAndSaysWhenThereIsMore() {
    String stream = world.stream("receiver");
    List<String> ids = List.of(world.kill(MAYA, "1"), world.kill(MAYA, "2"), world.kill(MAYA, "3"));
    ObjectNode two = StrictJson.object().put("maxEvents", 2).put("returnImmediately", true);

    ObjectNode first = world.poll("receiver", stream, two);
    ObjectNode second = world.poll("receiver", stream, two);

    assertThat(first.path("sets").propertyNames()).containsExactly(ids.get(0), ids.get(1));
    assertThat(first.path("moreAvailable").booleanValue()).isTrue();
    assertThat(second.path("sets").propertyNames()).containsExactly(ids.get(2));
    assertThat(second.path("moreAvailable").booleanValue()).isFalse();
  }

  @Test
  void PO05_sendsAgainWhatIsNotAcknowledged() {
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");
    world.poll("receiver", stream);

    assertThat(world.poll("receiver", stream).path("sets").size()).isZero();
    world.clock.move(Duration.ofSeconds(2));
    ObjectNode again = world.poll("receiver", stream);

    assertThat(again.path("sets").propertyNames()).containsExactly(id);
  }

  @Test
  void SE06_sendsAgainWithTheSameIdAfterARestart() {
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");
    world.poll("receiver", stream);

    box.close();
    world.transmitter();
    world.clock.move(Duration.ofSeconds(2));

    assertThat(world.poll("receiver", stream).path("sets").propertyNames()).containsExactly(id);
  }

  @Test
  void PO01_acknowledgesWithoutAskingForMore() {
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");
    world.kill(MAYA, "txn-2");
    world.poll("receiver", stream);

    ObjectNode answer = world.poll("receiver", stream, acknowledge(id).put("maxEvents", 0));

    assertThat(answer.path("sets").size()).isZero();
    assertThat(world.entries(LedgerEvent.EVENT_DELIVERED))
        .extracting(LedgerEntry::jti)
        .containsExactly("txn-1");
  }

  @Test
  void neverSendsAgainWhatIsAcknowledged() {
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");
    world.poll("receiver", stream);
    world.poll("receiver", stream, acknowledge(id).put("maxEvents", 0));

    world.clock.move(Duration.ofMinutes(5));

    assertThat(world.poll("receiver", stream).path("sets").size()).isZero();
  }

  @Test
  void PO07_J10_ignoresTheAcknowledgementOfAnothersToken() {
    String stream = world.stream("receiver");
    String partners = world.stream("partner");
    String id = world.kill(MAYA, "txn-1");
    world.poll("partner", partners);
    world.poll("partner", partners, acknowledge(id).put("maxEvents", 0));
    world.poll("receiver", stream);
    world.clock.move(Duration.ofSeconds(2));

    assertThat(world.poll("receiver", stream).path("sets").propertyNames()).containsExactly(id);
    assertThat(world.poll("receiver", stream, acknowledge("unknown").put("maxEvents", 0)))
        .isEqualTo(world.poll("receiver", stream, acknowledge(id).put("maxEvents", 0)));
  }

  @Test
  void J10_ignoresAnAcknowledgementOfWhatWasNeverSent() {
    String stream = world.stream("receiver");
    String id = world.kill(MAYA, "txn-1");

    world.poll("receiver", stream, acknowledge(id).put("maxEvents", 0));

    assertThat(world.poll("receiver", stream).path("sets").propertyNames()).containsExactly(id);
  }

  @Test
  void SS18_J10_hidesTheStreamsOfOthers() {
    String stream = world.stream("receiver");
    ObjectNode named = StrictJson.object().put("stream_id", stream);
    String query = "?stream_id=" + stream;

    assertThat(
            List.of(
                world.call("partner", "GET", "/ssf/streams" + query, null).status(),
                world.call("partner", "GET", "/ssf/status" + query, null).status(),
                world
                    .call(
                        "partner",
                        "POST",
                        "/ssf/status",
                        named.deepCopy().put("status", "disabled"))
                    .status(),
                world.call("partner", "POST", "/ssf/verify", named).status(),
                world.call("partner", "DELETE", "/ssf/streams" + query, null).status(),
                world
                    .call(
                        "partner", "POST", "/ssf/streams/" + stream + "/poll", StrictJson.object())
                    .status()))
        .containsOnly(404);
    assertThat(StrictJson.parse(world.call("partner", "GET", "/ssf/streams", null).body()).size())
        .isZero();
    assertThat(world.call("receiver", "GET", "/ssf/streams" + query, null).status()).isEqualTo(200);
  }

  @Test
  void J07_refusesStreamManagementByAWorkloadThatIsNoReceiver() {
    String stream = world.stream("receiver");

    assertThat(world.call("gateway", "GET", "/ssf/streams", null).status()).isEqualTo(403);
    assertThat(world.call("sts", "DELETE", "/ssf/streams?stream_id=" + stream, null).status())
        .isEqualTo(403);
    assertThat(world.raw(world.issuer, null, "GET", "/ssf/streams", null).status()).isEqualTo(401);
  }

  @Test
  void J11_givesUpATokenThatTheReceiverCannotReadAndSendsTheOthers() {
    String stream = world.stream("receiver");
    String poison = world.kill(MAYA, "txn-1");
    String good = world.kill(MAYA, "txn-2");
    world.poll("receiver", stream);
    ObjectNode errors = StrictJson.object().put("maxEvents", 0);
    errors.putObject("setErrs").putObject(poison).put("err", "invalid_key").put("description", "d");

    world.poll("receiver", stream, errors);
    world.clock.move(Duration.ofSeconds(5));

    assertThat(world.poll("receiver", stream).path("sets").propertyNames()).containsExactly(good);
    assertThat(world.entries(LedgerEvent.EVENT_REFUSED, "txn-1"))
        .singleElement()
        .satisfies(
            entry -> assertThat(entry.data().path("reason").stringValue()).contains("invalid_key"));
  }

  @Test
  void twoWhoPollOneStreamShareItsEventsAndNoneIsLost() {
    String stream = world.stream("receiver");
    var all = new HashSet<String>();
    for (int i = 0; i < 20; i++) {
      all.add(world.kill("okta|user" + i, "txn-" + i));
    }
    ObjectNode ten = StrictJson.object().put("maxEvents", 10).put("returnImmediately", true);

    var first = world.poll("receiver", stream, ten).path("sets").propertyNames();
    var second = world.poll("receiver", stream, ten).path("sets").propertyNames();
    assertThat(first).hasSize(10).doesNotContainAnyElementsOf(second);
    assertThat(second).hasSize(10);

    ObjectNode done = StrictJson.object().put("maxEvents", 0);
    ArrayNode ids = done.putArray("ack");
    first.forEach(ids::add);
    world.poll("receiver", stream, done); // the other one dies with its ten
    world.clock.move(Duration.ofHours(1));
    assertThat(world.poll("receiver", stream).path("sets").propertyNames())
        .containsExactlyInAnyOrderElementsOf(second);
    all.removeAll(first);
    all.removeAll(second);
    assertThat(all).isEmpty();
  }

  @Test
  void J06_aSourceThatFloodsIsHeldBackAndTheOthersAreNot() {
    String stream = world.stream("receiver");
    for (int i = 0; i < 30; i++) {
      int status =
          world
              .call("gateway", "POST", "/sources/gateway/events", world.event(MAYA, "flood-" + i))
              .status();
      assertThat(status).isEqualTo(i < 3 ? 201 : 429);
    }

    String ours = world.kill(World.LENA, "txn-ours");

    assertThat(world.poll("receiver", stream).path("sets").propertyNames())
        .hasSize(4)
        .contains(ours);
  }

  @Test
  void PO06_refusesAMalformedPollAndNamesTheMember() {
    String stream = world.stream("receiver");
    ObjectNode body = StrictJson.object().put("maxEvents", "many");

    WireClient.Answer answer =
        world.call("receiver", "POST", "/ssf/streams/" + stream + "/poll", body);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("maxEvents");
  }

  @Test
  void SS22_keepsWhatComesWhileAStreamIsPausedAndNotWhileItIsDisabled() {
    String stream = world.stream("receiver");
    setStatus(stream, "paused");
    String kept = world.kill(MAYA, "txn-1");
    assertThat(world.poll("receiver", stream).path("sets").size()).isZero();
    setStatus(stream, "disabled");
    world.kill(MAYA, "txn-2");
    setStatus(stream, "enabled");

    assertThat(world.poll("receiver", stream).path("sets").propertyNames()).containsExactly(kept);
  }

  @Test
  void SS26_SS28_sendsAVerificationWithItsStateButNotTooOften() throws Exception {
    String stream = world.stream("receiver");
    ObjectNode body = StrictJson.object().put("stream_id", stream).put("state", "a-state");

    int first = world.call("receiver", "POST", "/ssf/verify", body).status();
    int second = world.call("receiver", "POST", "/ssf/verify", body).status();
    JsonNode sets = world.poll("receiver", stream).path("sets");

    assertThat(first).isEqualTo(204);
    assertThat(second).isEqualTo(429);
    SignedJWT jwt = SignedJWT.parse(sets.properties().iterator().next().getValue().stringValue());
    ObjectNode claims = StrictJson.parseObject(jwt.getPayload().toBytes());
    assertThat(claims.path("sub_id"))
        .isEqualTo(StrictJson.object().put("format", "opaque").put("id", stream));
    assertThat(claims.path("events").path(EventTypes.VERIFICATION).path("state").stringValue())
        .isEqualTo("a-state");
  }

  @Test
  void J12_refusesAVerificationStateThatIsTooLong() {
    String stream = world.stream("receiver");
    ObjectNode body = StrictJson.object().put("stream_id", stream).put("state", "x".repeat(10_000));

    assertThat(world.call("receiver", "POST", "/ssf/verify", body).status()).isEqualTo(400);
  }

  @Test
  void SS15_SS16_createsOneStreamAReceiverAndIgnoresEventsItDoesNotKnow() {
    String stream = world.stream("receiver");

    ObjectNode read =
        StrictJson.parseObject(
            world.call("receiver", "GET", "/ssf/streams?stream_id=" + stream, null).body());
    WireClient.Answer second = world.call("receiver", "POST", "/ssf/streams", StrictJson.object());

    assertThat(read.path("events_delivered").valueStream().map(JsonNode::stringValue))
        .containsExactly(EventTypes.SESSION_REVOKED);
    assertThat(read.path("events_requested").size()).isEqualTo(2);
    assertThat(read.path("iss").stringValue()).isEqualTo(world.issuer.toString());
    assertThat(second.status()).isEqualTo(409);
  }

  @Test
  void SS21_deletesAStream() {
    String stream = world.stream("receiver");
    String path = "/ssf/streams?stream_id=" + stream;

    assertThat(world.call("receiver", "DELETE", path, null).status()).isEqualTo(204);
    assertThat(world.call("receiver", "GET", path, null).status()).isEqualTo(404);
  }

  @Test
  void givesTheFirstStreamWhatCameBeforeThereWasOne() {
    String early = world.kill(MAYA, "txn-1");

    String stream = world.stream("receiver");

    assertThat(world.poll("receiver", stream).path("sets").propertyNames()).containsExactly(early);
  }

  @Test
  void losesNoEventThatComesWhileTheStreamIsMade() {
    var kills =
        IntStream.range(0, 40)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> world.kill(MAYA, "txn-" + i)))
            .toList();
    String stream = world.stream("receiver");
    List<String> ids = kills.stream().map(CompletableFuture::join).toList();

    assertThat(world.poll("receiver", stream).path("sets").propertyNames())
        .containsExactlyInAnyOrderElementsOf(ids);
  }

  private boolean isPolling() {
    // A poll that waits has used its assertion, beside that of the stream's creation.
    return world.transmitterDatabase.query(connection -> {
      try (var statement = connection.createStatement();
          var row = statement.executeQuery("SELECT count(*) >= 2 FROM used_assertion")) {
        return row.next() && row.getBoolean(1);
      }
    });
  }

  private CompletableFuture<ObjectNode> longPoll(URI base, String stream) {
    return CompletableFuture.supplyAsync(() ->
        StrictJson.parseObject(
            world
                .call(
                    base,
                    "receiver",
                    "POST",
                    "/ssf/streams/" + stream + "/poll",
                    StrictJson.object())
                .body()));
  }

  private void setStatus(String stream, String status) {
    ObjectNode body = StrictJson.object().put("stream_id", stream).put("status", status);
    assertThat(world.call("receiver", "POST", "/ssf/status", body).status()).isEqualTo(200);
  }

  private void assertNothingHappened(String stream) {
    assertThat(world.poll("receiver", stream).path("sets").size()).isZero();
    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED)).isEmpty();
    assertThat(world.entries(LedgerEvent.EVENT_REFUSED))
        .singleElement()
        .satisfies(entry -> assertThat(entry.data().path("reason").stringValue()).isNotEmpty());
  }

  private static ObjectNode acknowledge(String id) {
    ObjectNode body = StrictJson.object().put("returnImmediately", true);
    body.putArray("ack").add(id);
    return body;
  }

  private static ObjectNode sub(ObjectNode body) {
    return (ObjectNode) body.path("sub_id");
  }

  private static ObjectNode in(ObjectNode body) {
    return (ObjectNode) body.path("events").path(EventTypes.SESSION_REVOKED);
  }

  record Row(String name, String member, Consumer<ObjectNode> change) {
    @Override
    public String toString() {
      return name;
    }
  }
}
