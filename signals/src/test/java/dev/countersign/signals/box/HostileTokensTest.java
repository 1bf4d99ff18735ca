package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.LENA;
import static dev.countersign.signals.box.World.MAYA;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

/// What a receiver does with tokens that are forged, misdirected, old or repeated.
class HostileTokensTest {
  private static final String TYPE = "secevent+jwt";
  private static final ECKey OTHERS_KEY = KeyFiles.newEc();

  private World world;
  private ScriptedTransmitter transmitter;

  @BeforeEach
  void start() {
    world = new World();
    transmitter =
        world.keep(
            new ScriptedTransmitter(
                world.issuer, List.of(world.signingKey, World.PARTNER_SIGNING_KEY)));
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  /// How the token is made from good claims, and the error that the transmitter must be told.
  static final List<Row> FORGED =
      List.of(
          new Row("J01 not signed", "invalid_key", (_, claims) -> unsigned(claims)),
          new Row("J01 no JWT at all", "invalid_request", (_, _) -> "x"),
          new Row("J01 empty", "invalid_request", (_, _) -> ""),
          new Row(
              "J01 another's key",
              "invalid_key",
              (_, claims) -> new JwtSigner(OTHERS_KEY).sign(TYPE, claims)),
          new Row(
              "J01 another's key under our key's id",
              "invalid_key",
              (world, claims) ->
                  new JwtSigner(
                          new ECKey.Builder(OTHERS_KEY).keyID(world.signingKey.getKeyID()).build())
                      .sign(TYPE, claims)),
          new Row(
              "J01 public key as a shared secret", "invalid_key", HostileTokensTest::hmacSigned),
          new Row(
              "J01 an access token",
              "invalid_request",
              (world, claims) -> sign(world, "at+jwt", claims)),
          new Row("J01 plain JWT", "invalid_request", (world, c) -> sign(world, "JWT", c)),
          new Row(
              "J01 a changed signature",
              "invalid_key",
              (world, claims) -> {
                String token = sign(world, TYPE, claims);
                return token.substring(0, token.length() - 8) + "AAAAAAAA";
              }),
          new Row(
              "J01 changed claims",
              "invalid_key",
              (world, claims) -> {
                String[] parts = sign(world, TYPE, claims).split("\\.", -1);
                claims.put("txn", "other");
                return parts[0] + "." + base64(StrictJson.write(claims)) + "." + parts[2];
              }),
          new Row(
              "J01 another spelling of the signature",
              "invalid_request",
              (world, claims) -> sign(world, TYPE, claims) + "="),
          changed(
              "J01 another issuer", "invalid_issuer", c -> c.put("iss", "https://evil.example")),
          changed("J03 another audience", "invalid_audience", c -> c.put("aud", "https://other")),
          changed("J03 no audience", "invalid_audience", c -> c.remove("aud")),
          changed(
              "J03 two audiences",
              "invalid_audience",
              c -> c.putArray("aud").add(World.AUDIENCE).add("https://other")),
          changed(
              "J03 a subject of another issuer",
              "access_denied",
              c -> ((ObjectNode) c.path("sub_id")).put("iss", "https://sts.other.example")),
          changed("SS02 sub", "invalid_request", c -> c.put("sub", MAYA)),
          changed("SS05 exp", "invalid_request", c -> c.put("exp", 4_000_000_000L)),
          changed("SE01 no iat", "invalid_request", c -> c.remove("iat")),
          changed("J02 iat in the future", "invalid_request", c -> c.put("iat", 4_000_000_000L)),
          changed("SE01 no jti", "invalid_request", c -> c.remove("jti")),
          changed("another jti than announced", "invalid_request", c -> c.put("jti", "other")),
          changed("SE01 no events", "invalid_request", c -> c.remove("events")),
          changed(
              "SS08 two events",
              "invalid_request",
              c -> ((ObjectNode) c.path("events")).putObject("urn:other")),
          changed("SS01 no sub_id", "invalid_request", c -> c.remove("sub_id")),
          changed(
              "J05 aliases",
              "invalid_request",
              c -> c.putObject("sub_id").put("format", "aliases").putArray("identifiers")),
          changed(
              "J05 complex subject with only a tenant",
              "invalid_request",
              c ->
                  c.putObject("sub_id")
                      .put("format", "complex")
                      .putObject("tenant")
                      .put("format", "opaque")
                      .put("id", "t")),
          changed(
              "J05 opaque subject",
              "invalid_request",
              c -> c.putObject("sub_id").put("format", "opaque").put("id", MAYA)),
          changed(
              "J12 a verification that nobody asked for",
              "invalid_state",
              c -> {
                c.putObject("sub_id").put("format", "opaque").put("id", "s");
                c.putObject("events").putObject(EventTypes.VERIFICATION).put("state", "guess");
              }),
          changed(
              "event time in the future",
              "invalid_request",
              c ->
                  ((ObjectNode) c.path("events").path(EventTypes.SESSION_REVOKED))
                      .put("event_timestamp", 1_790_000_000_000L)));

  @ParameterizedTest(name = "{0}")
  @FieldSource("FORGED")
  void SE04_SS01_SS02_SS03_SS04_SS05_SS08_SI04_refusesAForgedTokenAndDoesNothing(Row row) {
    world.receiver();

    transmitter.send("set-1", row.token.apply(world, claims("set-1", MAYA)));
    transmitter.send("set-2", sign(world, TYPE, claims("set-2", LENA)));
    world.eventually("the good one is acted on", () -> world.isFinished("txn-set-2"));
    world.eventually("the error is told", () -> transmitter.errors.containsKey("set-1"));

    assertThat(transmitter.errors).containsEntry("set-1", row.error);
    assertThat(transmitter.acknowledged).doesNotContain("set-1");
    assertThat(world.places.calls).noneMatch(call -> call.contains(MAYA));
    assertThat(world.entries(LedgerEvent.EVENT_REFUSED))
        .singleElement()
        .satisfies(
            entry -> assertThat(entry.data().path("err").stringValue()).isEqualTo(row.error));
  }

  @Test
  void CI05_acceptsRs256() {
    world.receiver();

    transmitter.send(
        "set-1", new JwtSigner(World.PARTNER_SIGNING_KEY).sign(TYPE, claims("set-1", MAYA)));

    world.eventually("it is acted on", () -> world.isFinished("txn-set-1"));
  }

  @Test
  void J02_PO04_acknowledgesARepeatedTokenAgainAndActsOnce() {
    world.receiver();
    String token = sign(world, TYPE, claims("set-1", MAYA));

    transmitter.send("set-1", token);
    world.eventually("it is acted on", () -> world.isFinished("txn-set-1"));
    transmitter.send("set-1", token);
    world.eventually(
        "it is acknowledged twice",
        () -> transmitter.acknowledged.stream().filter("set-1"::equals).count() == 2);

    assertThat(world.places.count("sts " + MAYA + " txn-set-1")).isEqualTo(1);
    assertThat(world.entries(LedgerEvent.EVENT_RECEIVED)).hasSize(1);
  }

  @Test
  void J02_acknowledgesAnEventOfLongAgoButDoesNotActOnIt() {
    world.receiver();
    ObjectNode old = claims("set-1", MAYA);
    long longAgo = world.clock.instant().minus(Duration.ofDays(400)).getEpochSecond();
    old.put("iat", longAgo);
    ((ObjectNode) old.path("events").path(EventTypes.SESSION_REVOKED))
        .put("event_timestamp", longAgo);

    transmitter.send("set-1", sign(world, TYPE, old));
    world.eventually("it is acknowledged", () -> transmitter.acknowledged.contains("set-1"));
    transmitter.send("set-2", sign(world, TYPE, claims("set-2", LENA)));
    world.eventually("the next is acted on", () -> world.isFinished("txn-set-2"));

    assertThat(world.places.calls).noneMatch(call -> call.contains(MAYA));
    assertThat(world.entries(LedgerEvent.EVENT_RECEIVED, "txn-set-1"))
        .singleElement()
        .satisfies(entry -> assertThat(entry.data().has("reason")).isTrue());
  }

  @Test
  void SE05_J02_eventsThatComeInTheWrongOrderAreEachAppliedOnceAndWithTheirOwnTime() {
    world.receiver();
    long now = world.clock.instant().getEpochSecond();
    for (int i = 3; i >= 1; i--) {
      ObjectNode claims = claims("set-" + i, MAYA);
      claims.put("iat", now - 30 + i);
      ((ObjectNode) claims.path("events").path(EventTypes.SESSION_REVOKED))
          .put("event_timestamp", now - 30 + i);
      transmitter.send("set-" + i, sign(world, TYPE, claims));
    }

    for (int i = 1; i <= 3; i++) {
      String txn = "txn-set-" + i;
      world.eventually(txn + " is acted on", () -> world.isFinished(txn));
      assertThat(world.places.count("sts " + MAYA + " " + txn)).isEqualTo(1);
    }
    assertThat(world.entries(LedgerEvent.EVENT_RECEIVED)).hasSize(3);
  }

  @Test
  void J17_whatOthersWriteForPeopleStopsNoKillAndStandsInNoLedger() {
    world.receiver();
    ObjectNode claims = claims("set-1", MAYA);
    ObjectNode event = (ObjectNode) claims.path("events").path(EventTypes.SESSION_REVOKED);
    event
        .putObject("reason_admin")
        .put("en", "<script>alert(1)</script>\r\nSet-Cookie: a=b")
        .put("not a language", "maya.private@contoso.example");
    event.put("friendly_name", "\u202ekey of Maya");

    transmitter.send("set-1", sign(world, TYPE, claims));
    world.eventually("it is acted on", () -> world.isFinished("txn-set-1"));

    assertThat(world.entries(LedgerEvent.EVENT_RECEIVED, "txn-set-1")).hasSize(1);
    assertThat(
            java.util.Arrays.stream(LedgerEvent.values())
                .flatMap(one -> world.entries(one).stream()))
        .isNotEmpty()
        .allSatisfy(entry ->
            assertThat(StrictJson.write(entry.data()))
                .doesNotContain("script", "Cookie", "maya.private", "key of Maya"));
    assertThat(world.places.calls).noneMatch(call -> call.contains("script"));
  }

  @Test
  void toleratesAClockThatIsFiveMinutesOff() {
    world.receiver();
    ObjectNode ahead = claims("set-1", MAYA);
    long later = world.clock.instant().plus(Duration.ofMinutes(5)).getEpochSecond();
    ahead.put("iat", later);
    ((ObjectNode) ahead.path("events").path(EventTypes.SESSION_REVOKED))
        .put("event_timestamp", later);

    transmitter.send("set-1", sign(world, TYPE, ahead));

    world.eventually("it is acted on", () -> world.isFinished("txn-set-1"));
  }

  @Test
  void SS09_acknowledgesAnEventItDoesNotActOn() {
    world.receiver();
    ObjectNode claims = claims("set-1", MAYA);
    claims.putObject("events").putObject("urn:example:other").put("any", "thing");

    transmitter.send("set-1", sign(world, TYPE, claims));
    world.eventually("it is acknowledged", () -> transmitter.acknowledged.contains("set-1"));

    assertThat(world.places.calls).isEmpty();
  }

  @Test
  void SS14_trustsNoMetadataThatNamesAnotherIssuer() {
    transmitter.metadataIssuer = "https://evil.example";
    assertNothingIsTakenUntil(() -> transmitter.metadataIssuer = world.issuer.toString());
  }

  @Test
  void SS17_trustsNoStreamOfAnotherIssuer() {
    transmitter.streamIssuer = "https://evil.example";
    assertNothingIsTakenUntil(() -> transmitter.streamIssuer = world.issuer.toString());
  }

  @Test
  void SS17_takesNoStreamForAnotherAudience() {
    transmitter.streamAudience = World.OTHER_AUDIENCE;
    assertNothingIsTakenUntil(() -> transmitter.streamAudience = World.AUDIENCE);
  }

  @Test
  void bringsItsProofToNobodyButTheIssuer() {
    transmitter.pollBase = world.places.base().toString();
    assertNothingIsTakenUntil(() -> transmitter.pollBase = world.issuer.toString());
  }

  @Test
  void J07_isNotReadyWhileItsStreamIsPaused() {
    transmitter.status = "paused";
    assertNothingIsTakenUntil(() -> transmitter.status = "enabled");
  }

  private void assertNothingIsTakenUntil(Runnable mended) {
    transmitter.send("set-1", sign(world, TYPE, claims("set-1", MAYA)));
    ReceiverBox receiver = world.receiver();
    assertThat(world.raw(receiver.baseUri(), null, "GET", "/readyz", null).status()).isEqualTo(503);
    assertThat(transmitter.acknowledged).isEmpty();

    mended.run();

    world.eventually("it is acted on", () -> world.isFinished("txn-set-1"));
  }

  private ObjectNode claims(String id, String subject) {
    ObjectNode claims = StrictJson.object();
    claims.put("iss", world.issuer.toString()).put("aud", World.AUDIENCE);
    claims.put("iat", world.clock.instant().getEpochSecond());
    claims.put("jti", id).put("txn", "txn-" + id);
    claims
        .putObject("sub_id")
        .put("format", "iss_sub")
        .put("iss", World.STS_ISSUER)
        .put("sub", subject);
    claims
        .putObject("events")
        .putObject(EventTypes.SESSION_REVOKED)
        .put("event_timestamp", world.clock.instant().getEpochSecond());
    return claims;
  }

  private static String sign(World world, String type, ObjectNode claims) {
    return new JwtSigner(world.signingKey).sign(type, claims);
  }

  private static String unsigned(ObjectNode claims) {
    String header = "{\"alg\":\"none\",\"typ\":\"" + TYPE + "\",\"kid\":\"k\"}";
    return base64(header) + "." + base64(StrictJson.write(claims)) + ".AA";
  }

  private static String hmacSigned(World world, ObjectNode claims) {
    try {
      byte[] secret =
          world.signingKey.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8);
      var token =
          new JWSObject(
              new JWSHeader.Builder(JWSAlgorithm.HS256)
                  .type(new JOSEObjectType(TYPE))
                  .keyID(world.signingKey.getKeyID())
                  .build(),
              new Payload(StrictJson.write(claims)));
      token.sign(new MACSigner(secret));
      return token.serialize();
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Row changed(String name, String error, Consumer<ObjectNode> change) {
    return new Row(
        name,
        error,
        (world, claims) -> {
          change.accept(claims);
          return sign(world, TYPE, claims);
        });
  }

  record Row(String name, String error, BiFunction<World, ObjectNode, String> token) {
    @Override
    public String toString() {
      return name;
    }
  }
}
