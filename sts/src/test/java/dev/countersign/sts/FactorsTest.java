package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.stepup.Words;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Text messages, a new authentication at the identity provider, and which factor comes after
/// which.
class FactorsTest {
  private static final String NUMBER = "+4915112345678";
  private static final String TOKEN = "a-provider's-own-token";
  private static final Pattern CODE = Pattern.compile("Code ([0-9]{6})");
  private static final Provider PROVIDER = new Provider();
  private static final SmsSettings SETTINGS =
      new SmsSettings(
          SmsSettings.Form.TWILIO,
          PROVIDER.address("/Accounts/AC1/Messages.json"),
          "+15005550006",
          "AC1",
          new Secret(TOKEN));
  private static final World TWILIO =
      world(SETTINGS, List.of(Factor.SMSOTP, Factor.EMAILOTP, Factor.IDP));

  private static World world(SmsSettings sms, List<Factor> factors) {
    return new World(
        World.settings(), World.stepUp(StepUpSettings.Limits.defaults(), factors, sms));
  }

  @AfterAll
  static void close() {
    TWILIO.close();
    PROVIDER.server.stop(0);
  }

  private static Answer ask(World world, Person person, long cents) {
    var claims = world.oktaClaims(person).put("phone_number", NUMBER);
    return world.post(world.exchangeForm(world.seen(world.okta.sign(claims)), World.refund(cents)));
  }

  @Test
  void aCodeComesByTextMessageToTheNumberOfTheClaim() {
    PROVIDER.status = 201;
    Person person = TWILIO.person();

    Answer stepUp = ask(TWILIO, person, 9_000);

    Message message = PROVIDER.messages.getLast();
    Map<String, String> form = message.form();
    assertThat(message.path()).isEqualTo("/Accounts/AC1/Messages.json");
    assertThat(message.header("authorization"))
        .isEqualTo(
            "Basic "
                + Base64.getEncoder()
                    .encodeToString(("AC1:" + TOKEN).getBytes(StandardCharsets.UTF_8)));
    assertThat(form).containsEntry("To", NUMBER).containsEntry("From", "+15005550006");
    assertThat(form.get("Body"))
        .startsWith("Refund 90.00 USD to case R-884-2233")
        .contains("Refund desk agent", "number " + stepUp.text("number"), "never in a chat");
    assertThat(stepUp.text("message")).contains("•••78").doesNotContain(NUMBER);
    assertThat(TWILIO.mailsTo(person.mail())).isEmpty();

    String code = TWILIO.seen(code(form.getOrDefault("Body", "")));
    Answer page = TWILIO.answerOnPage(stepUp.text("approval_id"), "approve", code);

    assertThat(page.body()).contains("Approved");
    var given = TWILIO.entries(LedgerEvent.APPROVAL_GIVEN, person.key()).getFirst();
    assertThat(given.data().path("factor").stringValue()).isEqualTo("smsotp");
  }

  @Test
  void G08_whatDeceivesInAMailDoesNotInATextMessageEither() {
    PROVIDER.status = 201;
    String payee = "P\u0430ypal " + "Acme ".repeat(150) + "and 1.00 USD";
    try (World world = world(SETTINGS, List.of(Factor.SMSOTP));
        StsBox free = DeceptiveTextTest.freeText(world)) {
      var claims = world.oktaClaims(world.person()).put("phone_number", NUMBER);
      String token = world.seen(world.okta.sign(claims));

      Answer stepUp =
          world.post(
              free.baseUri(), world.exchangeForm(token, DeceptiveTextTest.details("USD", payee)));

      assertThat(stepUp.text("scope")).as(stepUp.body()).isEqualTo("mfa_challenge");
      assertThat(PROVIDER.messages.getLast().form().getOrDefault("Body", ""))
          .startsWith("Pay 90.00 USD to ")
          .contains("… (the rest is on the page)", Words.MIXED)
          .doesNotContain("and 1.00 USD");
    }
  }

  @Test
  void aProviderThatRefusesIsFollowedByMailAndBothAreTold() {
    PROVIDER.status = 429;
    Person person = TWILIO.person();

    Answer stepUp = ask(TWILIO, person, 9_000);

    assertThat(stepUp.text("message")).contains("a code was sent to " + masked(person));
    assertThat(TWILIO.mailsTo(person.mail())).hasSize(1);
    var failed = TWILIO.entries(LedgerEvent.APPROVAL_FAILED, person.key()).getFirst().data();
    assertThat(failed.path("channel").stringValue()).isEqualTo("smsotp");
    assertThat(failed.path("reason").stringValue()).contains("takes no more for now");
    assertThat(TWILIO.approved(person, stepUp)).isNotEmpty();
  }

  @Test
  void whoHasNoNumberGetsAMail() {
    Person person = TWILIO.person();

    TWILIO.exchange(person, 9_000);

    assertThat(TWILIO.mailsTo(person.mail())).hasSize(1);
  }

  @Test
  void G02_aCodeSentAnotherWayVoidsTheOlderOne() {
    PROVIDER.status = 201;
    Person person = TWILIO.person();
    Answer stepUp = ask(TWILIO, person, 9_000);
    String older = TWILIO.seen(code(PROVIDER.messages.getLast().form().getOrDefault("Body", "")));
    Form form = TWILIO.open(stepUp.text("approval_id"));

    assertThat(TWILIO.submit(form, "send-emailotp", Map.of()).status()).isEqualTo(200);

    String newer = TWILIO.codeFor(person);
    if (!newer.equals(older)) {
      assertThat(TWILIO.submit(form, "approve", older).status()).isEqualTo(400);
    }
    assertThat(TWILIO.submit(form, "approve", newer).body()).contains("Approved");
  }

  @Test
  void aWebhookGetsASignedMessage() throws GeneralSecurityException {
    PROVIDER.status = 200;
    var settings =
        new SmsSettings(
            SmsSettings.Form.WEBHOOK, PROVIDER.address("/sms"), null, "", new Secret(TOKEN));
    try (World world = world(settings, List.of(Factor.SMSOTP))) {
      Person person = world.person();

      Answer stepUp = ask(world, person, 9_000);

      assertThat(stepUp.text("scope")).isEqualTo("mfa_challenge");
      Message message = PROVIDER.messages.getLast();
      String stamp = String.valueOf(world.now.get().getEpochSecond());
      assertThat(message.header("x-countersign-signature"))
          .isEqualTo("t=" + stamp + ",v1=" + mac(stamp + "." + message.body()));
      var json = StrictJson.parseObject(message.body());
      assertThat(json.path("to").stringValue()).isEqualTo(NUMBER);
      assertThat(json.path("text").stringValue()).contains("90.00 USD");
      assertThat(message.body()).doesNotContain("\"" + stepUp.text("approval_id") + "\"");

      PROVIDER.status = 500;
      Answer away = ask(world, world.person(), 9_000);
      assertThat(away.status()).isEqualTo(400);
      assertThat(away.text("error_description"))
          .contains("could not send to ***78: the provider of text messages answered 500");
      Answer nobody = world.exchange(world.person(), 9_000);
      assertThat(nobody.text("error_description")).contains("no address or passkey");
    }
  }

  @Test
  void G12_aNewAuthenticationAtTheIdentityProviderApproves() {
    PROVIDER.status = 201;
    Person person = TWILIO.person();
    Answer stepUp = ask(TWILIO, person, 9_000);
    Form form = TWILIO.open(stepUp.text("approval_id"));

    Answer away = TWILIO.submit(form, "idp", Map.of());

    assertThat(away.header("location"))
        .contains("acr_values=urn%3Aokta%3Aloa%3A2fa%3Aany", "max_age=0", "prompt=login");
    TWILIO.comeBack(away.header("location"), form.cookie(), person.id());
    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("VERIFY_SUCCESS");
    var given = TWILIO.entries(LedgerEvent.APPROVAL_GIVEN, person.key()).getFirst().data();
    assertThat(given.path("factor").stringValue()).isEqualTo("idp");
    assertThat(given.path("evidence").stringValue()).isEqualTo("urn:okta:loa:2fa:any");
  }

  @Test
  void G12_anOldOrWeakAuthenticationOrAnotherPersonsProvesNothing() {
    PROVIDER.status = 201;
    Person person = TWILIO.person();
    Answer stepUp = ask(TWILIO, person, 9_000);
    String id = stepUp.text("approval_id");
    TWILIO.okta.acr = "urn:okta:loa:1fa:pwd";
    try {
      again(id, person.id());
    } finally {
      TWILIO.okta.acr = "";
    }
    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("PENDING");
    TWILIO.okta.sinceAuthentication = Duration.ofSeconds(30);
    try {
      again(id, person.id());
    } finally {
      TWILIO.okta.sinceAuthentication = Duration.ZERO;
    }
    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("PENDING");
    again(id, TWILIO.person().id());
    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("PENDING");
    assertThat(TWILIO.verification(stepUp).json().path("attempts").intValue()).isEqualTo(2);

    again(id, person.id());

    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("VERIFY_SUCCESS");
  }

  @Test
  void G12_anAuthenticationContextOfEntraApprovesOnlyWithItsTime() {
    PROVIDER.status = 201;
    String oid = "oid-" + ForeignIssuer.id();
    String key = "entra|" + oid;
    dev.countersign.sts.box.StsBox.attributes(TWILIO.database)
        .upsert(key, "refund_limit", StrictJson.parse("5000"), "import", World.NOON);
    var claims = TWILIO.entraClaims(oid).put("phone_number", NUMBER);
    var form = TWILIO.exchangeForm(TWILIO.entra.sign(claims), World.refund(9_000));
    form.put("subject_token_type", World.ENTRA_TYPE);
    Answer stepUp = TWILIO.post(form);
    String id = stepUp.text("approval_id");

    Answer away = TWILIO.submit(TWILIO.open(id), "idp", Map.of());
    assertThat(URLDecoder.decode(away.header("location"), StandardCharsets.UTF_8))
        .contains("{\"id_token\":{\"acrs\":{\"essential\":true,\"value\":\"c1\"}}}")
        .doesNotContain("acr_values");
    TWILIO.entra.hidesAuthTime = true;
    try {
      again(id, oid);
    } finally {
      TWILIO.entra.hidesAuthTime = false;
    }
    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("PENDING");
    TWILIO.entra.acr = "c2";
    try {
      again(id, oid);
    } finally {
      TWILIO.entra.acr = "";
    }
    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("PENDING");

    again(id, oid);

    assertThat(TWILIO.verification(stepUp).text("state")).isEqualTo("VERIFY_SUCCESS");
  }

  private static void again(String id, String who) {
    Form form = TWILIO.open(id);
    Answer away = TWILIO.submit(form, "idp", Map.of());
    TWILIO.comeBack(away.header("location"), form.cookie(), who);
  }

  private static String masked(Person person) {
    return MailAddress.masked(person.mail());
  }

  private static String code(String text) {
    var code = CODE.matcher(text);
    if (!code.find()) {
      throw new IllegalStateException("no code in the message");
    }
    return code.group(1);
  }

  private static String mac(String text) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(TOKEN.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
  }

  /// A provider of text messages.
  private static final class Provider {
    private final List<Message> messages = new CopyOnWriteArrayList<>();
    private final HttpServer server;
    private volatile int status = 201;

    Provider() {
      try {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      } catch (IOException failed) {
        throw new java.io.UncheckedIOException(failed);
      }
      server.createContext(
          "/",
          exchange -> {
            var headers = new java.util.TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
            exchange
                .getRequestHeaders()
                .forEach((name, values) -> headers.put(name, values.getFirst()));
            messages.add(
                new Message(
                    exchange.getRequestURI().getPath(),
                    headers,
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
          });
      server.start();
    }

    URI address(String path) {
      return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
    }
  }

  private record Message(String path, Map<String, String> headers, String body) {
    String header(String name) {
      return headers.getOrDefault(name, "");
    }

    Map<String, String> form() {
      var fields = new java.util.HashMap<String, String>();
      for (String pair : body.split("&", -1)) {
        int equals = pair.indexOf('=');
        fields.put(
            pair.substring(0, equals),
            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      }
      return fields;
    }
  }
}
