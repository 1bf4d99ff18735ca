package dev.countersign.signals.box;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.FreePort;
import dev.countersign.box.KeyFiles;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.EventEffects;
import dev.countersign.signals.act.Inbound;
import dev.countersign.signals.act.ReceiverConfig;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Events of the company's identity provider end the person's agents here, pushed or fetched; and
/// nothing else does.
class InboundTest {
  private static final String TYPE = "secevent+jwt";
  private static final Secret AUTHORIZATION = new Secret("Bearer 0123456789abcdefghijklmnop");
  private static final String RISC = "https://schemas.openid.net/secevent/risc/event-type/";

  private final ECKey key = KeyFiles.newEc();
  private World world;
  private ScriptedTransmitter provider;
  private URI issuer;
  private @Nullable ReceiverBox receiver;
  private int count;

  @BeforeEach
  void start() {
    world = new World();
    world.transmitter();
    issuer = URI.create("http://127.0.0.1:" + FreePort.any());
    provider = world.keep(new ScriptedTransmitter(issuer, List.of(key)));
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private void pushed(int perMinute) {
    receiver(new Inbound.Delivery.Push(AUTHORIZATION), perMinute);
  }

  private void receiver(Inbound.Delivery delivery, int perMinute) {
    ReceiverConfig plain = world.receiverConfig(World.QUICK);
    var inbound =
        new Inbound(
            "provider",
            issuer,
            World.AUDIENCE,
            "okta",
            issuer.toString(),
            false,
            perMinute,
            EventEffects.USUAL,
            delivery,
            new Inbound.Hosts(Set.of(), Set.of("127.0.0.1"), Optional.empty()));
    var config =
        new ReceiverConfig(
            plain.listener(),
            plain.workload(),
            plain.transmitter(),
            plain.audience(),
            plain.subjectIssuer(),
            plain.sts(),
            plain.broker(),
            plain.providers(),
            List.of(),
            List.of(inbound),
            plain.retry(),
            plain.oldestEvent());
    receiver =
        world.keep(
            ReceiverBox.start(
                config, world.receiverDatabase, world.ledger, World.key("receiver"), world.clock));
  }

  private ObjectNode claims(String event, ObjectNode payload, ObjectNode subject) {
    ObjectNode claims = StrictJson.object();
    claims.put("iss", issuer.toString()).put("aud", World.AUDIENCE);
    claims.put("jti", "set-" + count++).put("iat", world.clock.instant().getEpochSecond());
    claims.set("sub_id", subject);
    claims.putObject("events").set(event, payload);
    return claims;
  }

  private ObjectNode lena() {
    return StrictJson.object()
        .put("format", "iss_sub")
        .put("iss", issuer.toString())
        .put("sub", "00u1lena");
  }

  private WireClient.Answer push(ObjectNode claims) {
    return push(new JwtSigner(key).sign(TYPE, claims), AUTHORIZATION.reveal(), "provider");
  }

  private WireClient.Answer push(String token, @Nullable String authorization, String name) {
    var headers = new HashMap<String, String>();
    headers.put("Content-Type", "application/secevent+jwt");
    if (authorization != null) {
      headers.put("Authorization", authorization);
    }
    return world.client.send(
        "POST",
        URI.create(Objects.requireNonNull(receiver).baseUri() + "/ssf/push/" + name),
        headers,
        token,
        Duration.ofSeconds(30));
  }

  /// Another's key under the id of the provider's.
  private ECKey forger() {
    return new ECKey.Builder(KeyFiles.newEc()).keyID(key.getKeyID()).build();
  }

  private List<LedgerEntry> received() {
    return world.entries(LedgerEvent.EVENT_RECEIVED).stream()
        .filter(entry -> entry.data().path("from").asString("").equals("provider"))
        .toList();
  }

  /// An event, and whether it ends the person's agents.
  static final List<Row> EVENTS =
      List.of(
          new Row(EventTypes.SESSION_REVOKED, "{}", true),
          new Row(RISC + "sessions-revoked", "{}", true),
          new Row(
              EventTypes.CREDENTIAL_CHANGE,
              "{\"credential_type\":\"password\",\"change_type\":\"update\"}",
              true),
          new Row(
              EventTypes.CREDENTIAL_CHANGE,
              "{\"credential_type\":\"fido2-roaming\",\"change_type\":\"revoke\"}",
              true),
          new Row(
              EventTypes.CREDENTIAL_CHANGE,
              "{\"credential_type\":\"app\",\"change_type\":\"create\"}",
              false),
          new Row(RISC + "account-disabled", "{\"reason\":\"hijacking\"}", true),
          new Row(RISC + "account-purged", "{}", true),
          new Row(RISC + "account-enabled", "{}", false),
          new Row(RISC + "credential-compromise", "{\"credential_type\":\"password\"}", true),
          new Row(RISC + "account-credential-change-required", "{}", true),
          new Row(
              EventTypes.RISK_LEVEL_CHANGE,
              "{\"principal\":\"USER\",\"current_level\":\"HIGH\"}",
              true),
          new Row(
              EventTypes.RISK_LEVEL_CHANGE,
              "{\"principal\":\"USER\",\"current_level\":\"LOW\"}",
              false),
          new Row(
              EventTypes.DEVICE_COMPLIANCE_CHANGE,
              "{\"previous_status\":\"compliant\",\"current_status\":\"not-compliant\"}",
              true),
          new Row(EventTypes.TOKEN_CLAIMS_CHANGE, "{\"claims\":{\"role\":\"x\"}}", false),
          new Row("https://example.com/unknown-event", "{}", false));

  @Test
  void PU03_CA01_CA03_RK01_RK02_SS09_eachPushedEventEndsTheAgentsOrIsWrittenDown() {
    pushed(Inbound.USUAL_PER_MINUTE);
    for (Row row : EVENTS) {
      world.clock.move(Duration.ofSeconds(1));
      WireClient.Answer answer =
          push(
              claims(
                  row.event,
                  StrictJson.parseObject(row.payload.getBytes(StandardCharsets.UTF_8)),
                  lena()));

      assertThat(answer.status()).as(row.toString()).isEqualTo(202);
      LedgerEntry entry = received().getLast();
      assertThat(entry.data().path("handlers").toString())
          .as(row.toString())
          .isEqualTo(row.ends ? "[\"sts\",\"broker\"]" : "[]");
      assertThat(entry.subject()).isEqualTo(World.LENA);
      if (row.ends) {
        world.eventually("done: " + row, () -> world.isFinished(entry.jti()));
        assertThat(world.places.count("sts " + World.LENA + " " + entry.jti())).isEqualTo(1);
        assertThat(world.places.count("broker " + World.LENA + " " + entry.jti())).isEqualTo(1);
      }
    }
    assertThat(world.places.calls)
        .as("nobody's sessions at a provider")
        .noneMatch(InboundTest::isProvider);
  }

  private static boolean isProvider(String call) {
    return call.startsWith("okta ") || call.startsWith("entra ");
  }

  @Test
  void CI03_PO04_fetchedEventsAreAcknowledgedOnceTheyAreStored() {
    receiver(
        new Inbound.Delivery.Poll(new Inbound.Access.Token(new Secret("t"))),
        Inbound.USUAL_PER_MINUTE);
    ObjectNode good = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena());
    ObjectNode stranger = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena());
    provider.send("set-0", new JwtSigner(key).sign(TYPE, good));
    provider.send("set-1", new JwtSigner(forger()).sign(TYPE, stranger));

    world.eventually("acknowledged", () -> provider.acknowledged.contains("set-0"));
    world.eventually("refused", () -> provider.errors.containsKey("set-1"));
    assertThat(provider.errors).containsEntry("set-1", "invalid_key");
    world.eventually("done", () -> world.isFinished(received().getFirst().jti()));
  }

  @Test
  void PU04_J02_aPushedTokenThatComesTwiceIsAnsweredTheSameAndAppliedOnce() {
    pushed(Inbound.USUAL_PER_MINUTE);
    ObjectNode claims = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena());

    assertThat(push(claims).status()).isEqualTo(202);
    assertThat(push(claims).status()).isEqualTo(202);
    String txn = received().getFirst().jti();
    world.eventually("done", () -> world.isFinished(txn));
    assertThat(received()).hasSize(1);
    assertThat(world.places.count("sts " + World.LENA + " " + txn)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Bearer wrong", "bearer 0123456789abcdefghijklmnop"})
  void J03_nobodyPushesWithoutTheAgreedHeader(String authorization) {
    pushed(Inbound.USUAL_PER_MINUTE);
    String token =
        new JwtSigner(key)
            .sign(TYPE, claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena()));

    assertThat(push(token, authorization.isEmpty() ? null : authorization, "provider").status())
        .isEqualTo(401);
    assertThat(push(token, AUTHORIZATION.reveal(), "nobody").status()).isEqualTo(401);
    assertThat(received()).isEmpty();
  }

  @Test
  void PU02_PU05_PU06_J01_J03_J04_aPushedTokenThatIsForgedOrAboutOthersIsRefusedAndDoesNothing() {
    pushed(Inbound.USUAL_PER_MINUTE);
    ObjectNode good = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena());

    ObjectNode otherTenant = good.deepCopy();
    otherTenant.path("sub_id").asObject().put("iss", "https://other.example");
    assertRefused(push(otherTenant), "access_denied");
    ObjectNode otherAudience = good.deepCopy().put("aud", "https://other.example");
    assertRefused(push(otherAudience), "invalid_audience");
    ObjectNode otherIssuer = good.deepCopy().put("iss", "https://other.example");
    assertRefused(push(otherIssuer), "invalid_issuer");
    assertRefused(
        push(new JwtSigner(forger()).sign(TYPE, good), AUTHORIZATION.reveal(), "provider"),
        "invalid_key");
    assertRefused(
        push(new JwtSigner(key).sign("JWT", good), AUTHORIZATION.reveal(), "provider"),
        "invalid_request");
    assertRefused(push("not a token", AUTHORIZATION.reveal(), "provider"), "invalid_request");
    ObjectNode future = good.deepCopy();
    future.put("iat", world.clock.instant().plus(Duration.ofHours(1)).getEpochSecond());
    assertRefused(push(future), "invalid_request");

    assertThat(received()).isEmpty();
    assertThat(world.places.calls).isEmpty();
  }

  private static void assertRefused(WireClient.Answer answer, String error) {
    assertThat(answer.status()).as(error).isEqualTo(400);
    assertThat(answer.header("Content-Language")).contains("en");
    assertThat(StrictJson.parseObject(answer.body()).path("err").stringValue()).isEqualTo(error);
  }

  /// Subjects, and whom they stand for; nobody where empty.
  static final List<Subject> SUBJECTS =
      List.of(
          new Subject("J05 an address alone", "{'format':'email','email':'lena@x.example'}", ""),
          new Subject(
              "J05 a tenant alone",
              "{'format':'complex','tenant':{'format':'opaque','id':'t'}}",
              ""),
          new Subject(
              "J05 an opaque id that is not agreed", "{'format':'opaque','id':'00u1lena'}", ""),
          new Subject(
              "J05 a member that is not understood",
              "{'format':'complex','user':USER,'mood':{'format':'opaque','id':'x'}}",
              ""),
          new Subject(
              "a user with a session",
              "{'format':'complex','user':USER,'session':{'format':'opaque','id':'s'}}",
              World.LENA),
          new Subject(
              "aliases of one person",
              "{'format':'aliases','identifiers':[{'format':'email','email':'l@x.example'},USER]}",
              World.LENA),
          new Subject(
              "J05 aliases of two persons", "{'format':'aliases','identifiers':[USER,OTHER]}", ""),
          new Subject(
              "J05 an id that is no id", "{'format':'iss_sub','iss':'ISSUER','sub':'a|b'}", ""));

  @Test
  void SI06_J05_aSubjectStandsForOnePersonOrForNobody() {
    pushed(Inbound.USUAL_PER_MINUTE);
    for (Subject row : SUBJECTS) {
      String text =
          row.json
              .replace("USER", "{'format':'iss_sub','iss':'ISSUER','sub':'00u1lena'}")
              .replace("OTHER", "{'format':'iss_sub','iss':'ISSUER','sub':'00u2omar'}")
              .replace("ISSUER", issuer.toString())
              .replace('\'', '"');
      ObjectNode subject = StrictJson.parseObject(text.getBytes(StandardCharsets.UTF_8));

      assertThat(push(claims(EventTypes.SESSION_REVOKED, StrictJson.object(), subject)).status())
          .as(row.name)
          .isEqualTo(202);
      LedgerEntry entry = received().getLast();
      assertThat(entry.subject()).as(row.name).isEqualTo(row.person);
      assertThat(entry.data().path("handlers").isEmpty())
          .as(row.name)
          .isEqualTo(row.person.isEmpty());
    }
  }

  @Test
  void SI02_J05_aliasesInsideAliasesAreRefused() {
    pushed(Inbound.USUAL_PER_MINUTE);
    ObjectNode subject = StrictJson.object().put("format", "aliases");
    subject.putArray("identifiers").addObject().put("format", "aliases");

    assertRefused(
        push(claims(EventTypes.SESSION_REVOKED, StrictJson.object(), subject)), "invalid_request");
  }

  @Test
  void J06_aTransmitterThatEndsEverybodyIsHeldBackAndNothingIsLost() {
    pushed(2);
    var waiting = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), person("c"));
    assertThat(push(claims(EventTypes.SESSION_REVOKED, StrictJson.object(), person("a"))).status())
        .isEqualTo(202);
    assertThat(push(claims(EventTypes.SESSION_REVOKED, StrictJson.object(), person("b"))).status())
        .isEqualTo(202);

    WireClient.Answer later = push(waiting);
    assertThat(later.status()).isEqualTo(503);
    assertThat(later.header("Retry-After")).isPresent();

    world.clock.move(Duration.ofSeconds(61));
    assertThat(push(waiting).status()).isEqualTo(202);
  }

  private ObjectNode person(String id) {
    return lena().put("sub", id);
  }

  @Test
  void J16_ourOwnEventThatComesBackThroughAPartnerIsAppliedOnceAndSentToNobody() {
    pushed(Inbound.USUAL_PER_MINUTE);
    world.kill(World.LENA, "txn-own");
    world.eventually("our own kill is done", () -> world.isFinished("txn-own"));
    long calls = world.places.calls.size();
    ObjectNode back = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena());
    back.put("txn", "txn-own");

    assertThat(push(back).status()).isEqualTo(202);

    LedgerEntry entry = received().getFirst();
    assertThat(entry.data().path("handlers").isEmpty()).isTrue();
    assertThat(entry.data().path("reason").stringValue()).contains("came back");
    assertThat(entry.jti()).as("their txn never becomes ours").isNotEqualTo("txn-own");
    assertThat(world.places.calls).hasSize((int) calls);
    assertThat(world.entries(LedgerEvent.EVENT_ACCEPTED)).hasSize(1);
  }

  @Test
  void nothingIsAcknowledgedWhileItCannotBeStored() {
    pushed(Inbound.USUAL_PER_MINUTE);
    world.ledgerAway = true;
    ObjectNode claims = claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena());

    assertThat(push(claims).status()).isEqualTo(503);

    world.ledgerAway = false;
    assertThat(push(claims).status()).isEqualTo(202);
    assertThat(received()).hasSize(1);
  }

  @Test
  @Tag("slow")
  void aTransmitterThatHoldsAPollOpenForLongIsNotAway() {
    provider.hold = true;
    receiver(
        new Inbound.Delivery.Poll(new Inbound.Access.Token(new Secret("t"))),
        Inbound.USUAL_PER_MINUTE);

    world.eventually(
        "the poll after the long one does not wait", () -> provider.quickPolls.get() > 0);
    provider.hold = false;
    provider.send(
        "set-0",
        new JwtSigner(key)
            .sign(TYPE, claims(EventTypes.SESSION_REVOKED, StrictJson.object(), lena())));
    world.eventually("acknowledged", () -> provider.acknowledged.contains("set-0"));
    assertThat(provider.metadataReads.get()).as("it was never taken for an outage").isEqualTo(1);
  }

  record Row(String event, String payload, boolean ends) {
    @Override
    public String toString() {
      return event + " " + payload;
    }
  }

  record Subject(String name, String json, String person) {}
}
