package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.Base64URL;
import dev.countersign.box.IssuerKeys;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.clients.ClientOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

/// A workload of a SPIFFE trust domain acts for a person: its JWT-SVID is the actor token, and
/// needs no `iss`.
class WorkloadActorTest {
  private static final String AGENT = "spiffe://example.org/agent";
  private static final ECKey SVIDS = forUse("svid-1", "jwt-svid");
  private static final ECKey X509 = forUse("x509-1", "x509-svid");
  private static final ECKey ANY = World.ec("any-1");
  private static final World WORLD = new World(List.of(meshAnchor()));
  private static final ECKey DESK =
      WORLD.register(
          "desk",
          new ClientOptions(Set.of("mesh"), true, Set.of(), false, false, false, Set.of(), false));

  /// What is wrong with a JWT-SVID.
  static final Row[] REFUSED = {
    new Row("E10 another trust domain", c -> c.put("sub", "spiffe://evil.org/agent"), SVIDS),
    new Row(
        "E10 a domain that begins like ours",
        c -> c.put("sub", "spiffe://example.org.evil/a"),
        SVIDS),
    new Row("E10 a path that climbs", c -> c.put("sub", "spiffe://example.org/a/../b"), SVIDS),
    new Row("E10 no path", c -> c.put("sub", "spiffe://example.org"), SVIDS),
    new Row("E10 a port", c -> c.put("sub", "spiffe://example.org:8080/agent"), SVIDS),
    new Row("SP_01 no sub", c -> c.remove("sub"), SVIDS),
    new Row("SP_01 another audience", c -> c.put("aud", "https://elsewhere.example"), SVIDS),
    new Row("SP_01 two audiences", c -> c.putArray("aud").add("sts").add("b"), SVIDS),
    new Row("SP_01 no end", c -> c.remove("exp"), SVIDS),
    new Row("SP_01 expired", c -> c.put("exp", World.NOON.getEpochSecond() - 31), SVIDS),
    new Row("E10 a key for X.509", c -> {}, X509),
    new Row("SP_02 a key for anything", c -> {}, ANY),
    new Row("E10 a stranger's key of the same name", c -> {}, forUse("svid-1", "jwt-svid")),
  };

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void aWorkloadIsTheActor() {
    Answer answer = exchange(svid(claims(), SVIDS));

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    ObjectNode act = (ObjectNode) World.claims(answer.text("access_token")).path("act");
    assertThat(StrictJson.write(act))
        .isEqualTo("{\"sub\":\"" + AGENT + "\",\"iss\":\"spiffe://example.org\"}");
    assertThat(WORLD.entriesOf(answer.text("jti")).getLast().data().path("inputs").path("actor"))
        .hasToString("\"mesh|" + AGENT + "\"");
  }

  @Test
  void theAnchorsOwnNameIsATokenTypeToo() {
    var form = form(svid(claims(), SVIDS));
    form.put("actor_token_type", "mesh");

    assertThat(WORLD.post(form).status()).isEqualTo(200);
  }

  @Test
  void SP_04_anIssuerInTheTokenLeadsNowhere() {
    int before = WORLD.entra.fetches.get();
    Answer ours = exchange(svid(claims().put("iss", WORLD.entra.issuer()), SVIDS));
    ObjectNode theirs = claims().put("iss", WORLD.entra.issuer());

    assertThat(ours.status()).isEqualTo(200);
    assertRefused(exchange(ForeignIssuer.sign(theirs, "JWT", ForeignIssuer.ENTRA_KEY)));
    assertThat(WORLD.entra.fetches.get()).isEqualTo(before);
  }

  @Test
  void SP_02_refusesAnSvidWithoutAKeyId() throws JOSEException {
    var header = new JWSHeader(JWSAlgorithm.ES256);
    String input = header.toBase64URL() + "." + Base64URL.encode(StrictJson.write(claims()));
    Base64URL signature =
        new ECDSASigner(SVIDS).sign(header, input.getBytes(StandardCharsets.US_ASCII));

    assertRefused(exchange(input + "." + signature));
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("REFUSED")
  void refusesWhatIsNoSvidOfItsTrustDomain(Row row) {
    ObjectNode claims = claims();
    row.change().accept(claims);

    assertRefused(exchange(svid(claims, row.key())));
  }

  @Test
  void mayActNamesTheWorkload() {
    ObjectNode person = WORLD.oktaClaims(WORLD.person());
    person.putObject("may_act").put("sub", AGENT);
    var named = form(svid(claims(), SVIDS));
    named.put("subject_token", WORLD.okta.sign(person));
    assertThat(WORLD.post(named).status()).isEqualTo(200);

    var other = form(svid(claims().put("sub", "spiffe://example.org/other"), SVIDS));
    other.put("subject_token", WORLD.okta.sign(person));
    assertRefused(WORLD.post(other));
  }

  private static Anchor meshAnchor() {
    AnchorPreset.Shape shape = AnchorPreset.SPIFFE.shape();
    ObjectNode bundle = StrictJson.object();
    var keys = bundle.putArray("keys");
    for (ECKey key : List.of(SVIDS, X509, ANY)) {
      keys.add(StrictJson.parse(key.toPublicJWK().toJSONString()));
    }
    return new Anchor(
        "mesh",
        "SPIFFE",
        new JwtRules(
            AnchorPreset.SPIFFE.issuer(Map.of("trust-domain", "example.org")),
            Set.of("sts"),
            shape.types(),
            shape.algorithms(),
            Duration.ofSeconds(30),
            Duration.ZERO),
        new Anchor.Demands(Map.of(), shape.present(), Set.of(), false),
        new Anchor.Claims(shape.subject(), shape.mail(), shape.phone(), Map.of()),
        new IssuerKeys(
            new IssuerKeys.Place.Pinned(VerificationKeys.parse(bundle)),
            Set.of(),
            null,
            RemoteKeySet.OUTAGE_LIMIT),
        null);
  }

  private static ECKey forUse(String kid, String use) {
    return new ECKey.Builder(World.ec(kid)).keyUse(new KeyUse(use)).build();
  }

  private static ObjectNode claims() {
    long now = World.NOON.getEpochSecond();
    return StrictJson.object().put("sub", AGENT).put("aud", "sts").put("exp", now + 300);
  }

  private static String svid(ObjectNode claims, ECKey key) {
    return new JwtSigner(key).sign("JWT", claims);
  }

  private static Map<String, String> form(String svid) {
    var form =
        WORLD.by("desk", DESK, WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
    form.put("actor_token", svid);
    form.put("actor_token_type", "SPIFFE");
    return form;
  }

  private static Answer exchange(String svid) {
    return WORLD.post(form(svid));
  }

  private static void assertRefused(Answer answer) {
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error")).isEqualTo("invalid_request");
    assertThat(answer.json().has("access_token")).isFalse();
    assertThat(WORLD.entriesOf(answer.text("jti")))
        .hasSize(1)
        .allSatisfy(entry -> assertThat(entry.event()).isEqualTo(LedgerEvent.EXCHANGE_REFUSED));
  }

  record Row(String name, Consumer<ObjectNode> change, ECKey key) {
    @Override
    public String toString() {
      return name;
    }
  }
}
