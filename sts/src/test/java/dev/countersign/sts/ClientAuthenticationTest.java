package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

/// Who is refused as a client.
class ClientAuthenticationTest {
  private static final World WORLD = new World();

  /// What is changed in good claims of an assertion.
  static final Row[] ASSERTIONS = {
    new Row("E01 without jti", c -> c.remove("jti")),
    new Row("E01 alive for a year", c -> c.put("exp", World.NOON.getEpochSecond() + 31_536_000)),
    new Row("E01 issued an hour ago", c -> c.put("iat", World.NOON.getEpochSecond() - 3_600)),
    new Row("E01 without iat", c -> c.remove("iat")),
    new Row("E01 expired", c -> c.put("exp", World.NOON.getEpochSecond() - 31)),
    new Row("E02 another server", c -> c.put("aud", "https://elsewhere.example")),
    new Row(
        "E02 the token endpoint", c -> c.put("aud", c.path("aud").stringValue() + "/oauth2/token")),
    new Row(
        "E02 an array with more",
        c -> c.putArray("aud").add(c.path("x").asString("")).add("https://elsewhere.example")),
    new Row("E03 another sub", c -> c.put("sub", "other")),
    new Row("E03 another iss", c -> c.put("iss", "other")),
    new Row("E03 nobody", c -> c.put("iss", "nobody").put("sub", "nobody")),
  };

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("ASSERTIONS")
  void refusesAnAssertion(Row row) {
    ObjectNode claims = claims();
    row.change().accept(claims);

    assertUnknown(form(new JwtSigner(WORLD.gatewayKey).sign(PresenterAssertion.TYPE, claims)));
  }

  @Test
  void E01_takesAnAssertionOnce() {
    String assertion = WORLD.assertion("gateway");

    assertThat(WORLD.post(form(assertion)).status()).isEqualTo(200);
    assertUnknown(form(assertion));
  }

  @Test
  void E01_anotherReplicaDoesNotTakeItAgain() {
    int port = FreePort.any();
    try (var second = WORLD.replica(port)) {
      String assertion = WORLD.assertion("gateway");
      assertThat(WORLD.post(form(assertion)).status()).isEqualTo(200);

      Answer answer =
          WORLD.sendTo(
              second.baseUri().resolve("/oauth2/token"),
              "POST",
              World.encoded(form(assertion)),
              "Content-Type",
              "application/x-www-form-urlencoded");

      assertThat(answer.text("error")).isEqualTo("invalid_client");
    }
  }

  @Test
  void E03_aClientIdThatIsAnotherClientsIsRefused() {
    var form = form(WORLD.assertion("gateway"));
    form.put("client_id", "other");
    assertUnknown(form);

    var right = form(WORLD.assertion("gateway"));
    right.put("client_id", "gateway");
    assertThat(WORLD.post(right).status()).isEqualTo(200);
  }

  @Test
  void C01_refusesAnAssertionSignedByAStranger() {
    ECKey stranger = World.ec("gateway-1");

    assertUnknown(form(new JwtSigner(stranger).sign(PresenterAssertion.TYPE, claims())));
    assertUnknown(form(new JwtSigner(WORLD.otherKey).sign(PresenterAssertion.TYPE, claims())));
  }

  @Test
  void C01_refusesNoAuthenticationAtAll() {
    var form = form("x");
    form.remove("client_assertion");
    form.remove("client_assertion_type");
    form.put("client_id", "gateway");

    assertUnknown(form);
  }

  @Test
  void C01_refusesAnotherAssertionType() {
    var form = form(WORLD.assertion("gateway"));
    form.put("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");

    assertUnknown(form);
  }

  @Test
  void C01_refusesTwoMethodsAtOnce() {
    var form = form(WORLD.assertion("gateway"));
    form.put("client_secret", "s3cret");
    assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_request");

    Answer basic =
        WORLD.send(
            "POST",
            "/oauth2/token",
            World.encoded(form(WORLD.assertion("gateway"))),
            "Content-Type",
            "application/x-www-form-urlencoded",
            "Authorization",
            "Basic Z2F0ZXdheTp4");
    assertThat(basic.text("error")).isEqualTo("invalid_request");
  }

  @Test
  void BA_06_namesTheSchemeToAClientThatUsedTheHeader() {
    var form = form("x");
    form.remove("client_assertion");
    form.remove("client_assertion_type");

    Answer answer =
        WORLD.send(
            "POST",
            "/oauth2/token",
            World.encoded(form),
            "Content-Type",
            "application/x-www-form-urlencoded",
            "Authorization",
            "Basic Z2F0ZXdheTp4");

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("www-authenticate")).startsWith("Basic");
  }

  private static ObjectNode claims() {
    long now = World.NOON.getEpochSecond();
    return StrictJson.object()
        .put("iss", "gateway")
        .put("sub", "gateway")
        .put("aud", WORLD.issuer)
        .put("jti", Ids.random())
        .put("iat", now)
        .put("exp", now + 60);
  }

  private static Map<String, String> form(String assertion) {
    var form = WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100));
    form.put("client_assertion", assertion);
    return form;
  }

  private static void assertUnknown(Map<String, String> form) {
    int before = WORLD.ledger.size();

    Answer answer = WORLD.post(form);

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text("error")).isEqualTo("invalid_client");
    assertThat(answer.json().has("access_token")).isFalse();
    assertThat(WORLD.ledger).hasSize(before + 1);
    assertThat(WORLD.ledger.getLast().event()).isEqualTo(LedgerEvent.EXCHANGE_REFUSED);
  }

  record Row(String name, Consumer<ObjectNode> change) {
    @Override
    public String toString() {
      return name;
    }
  }
}
