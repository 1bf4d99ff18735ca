package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// What is checked before a message is read: form, host, origin, bearer.
class BorderTest {
  private static final Stage STAGE = new Stage();

  @BeforeEach
  void forget() {
    STAGE.ledger.clear();
  }

  @AfterAll
  static void close() {
    STAGE.close();
  }

  private static Stage.Request list() {
    return STAGE.modern("tools/list", StrictJson.object());
  }

  private static void assertRefused(Stage.Answer answer, int status) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(STAGE.only(LedgerEvent.CALL_REFUSED).data().path("reason").asString(""))
        .isNotEmpty();
    assertThat(STAGE.sts.forms).isEmpty();
    STAGE.ledger.clear();
  }

  @Test
  void tellsWhereToSignIn() {
    for (String path :
        List.of(
            "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp")) {
      Stage.Answer answer = STAGE.request().method("GET").path(path).send();

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.json().path("resource").asString(""))
          .isEqualTo(STAGE.config.base() + "/mcp");
      assertThat(answer.json().path("authorization_servers").path(0).asString(""))
          .isEqualTo(STAGE.config.anchors().getFirst().issuer());
      assertThat(answer.json().path("bearer_methods_supported").path(0).asString(""))
          .isEqualTo("header");
      assertThat(answer.json().path("scopes_supported").path(0).asString("")).isEqualTo("access");
    }
  }

  @Test
  void challengesWhoComesWithoutAToken() {
    for (String method : List.of("POST", "GET", "DELETE", "PUT")) {
      Stage.Answer answer = list().without("Authorization").method(method).send();

      assertThat(answer.header("WWW-Authenticate"))
          .isEqualTo(
              "Bearer resource_metadata=\""
                  + STAGE.config.base()
                  + "/.well-known/oauth-protected-resource/mcp\", scope=\"access\"");
      assertRefused(answer, 401);
    }
    assertRefused(list().with("Authorization", "Basic bWF5YTp4").send(), 401);
  }

  @Test
  void servesOnlyPost() {
    for (String method : List.of("GET", "DELETE", "PUT", "PATCH", "OPTIONS")) {
      Stage.Answer answer = list().method(method).send();

      assertThat(answer.status()).as(method).isEqualTo(405);
      assertThat(answer.header("Allow")).isEqualTo("POST");
    }
  }

  @Test
  void refusesTokensThatAreNotForThisGateway() {
    List<Consumer<ObjectNode>> spoilers =
        List.of(
            claims -> claims.put("aud", "00000003-0000-0000-c000-000000000000"),
            claims -> claims.put("aud", STAGE.config.base() + "/mcp"),
            claims -> claims.putArray("aud").add(Stage.AUDIENCE).add("another"),
            claims -> claims.remove("aud"),
            claims -> claims.put("iss", "https://login.elsewhere.example/v2.0"),
            claims -> claims.put("exp", 1000),
            claims -> claims.remove("exp"),
            claims -> claims.remove("oid"),
            claims -> claims.put("oid", "x|y"),
            claims -> claims.putObject("cnf").put("jkt", "x"));
    for (Consumer<ObjectNode> spoiler : spoilers) {
      Stage.Answer answer = list().with("Authorization", "Bearer " + STAGE.bearer(spoiler)).send();

      assertThat(answer.header("WWW-Authenticate")).contains("error=\"invalid_token\"");
      assertRefused(answer, 401);
    }
    String token = STAGE.bearer();
    String tampered =
        token.substring(0, token.lastIndexOf('.') - 2) + token.substring(token.lastIndexOf('.'));
    assertRefused(list().with("Authorization", "Bearer " + tampered).send(), 401);
    assertRefused(list().with("Authorization", "Bearer not-a-token").send(), 401);
  }

  @Test
  void I01_refusesItsOwnOnBehalfOfTokenAsABearer() {
    STAGE.tool("find_case", "{\"case_id\":\"R-1\"}");
    String obo = STAGE.sts.issued.getLast();
    STAGE.sts.forms.clear();
    STAGE.ledger.clear();

    assertRefused(list().with("Authorization", "Bearer " + obo).send(), 401);
  }

  @Test
  void asksForTheScopeThatIsMissing() {
    String narrow = STAGE.bearer(claims -> claims.put("scp", "profile"));
    Stage.Answer answer = list().with("Authorization", "Bearer " + narrow).send();

    assertThat(answer.header("WWW-Authenticate"))
        .contains("error=\"insufficient_scope\"")
        .contains("scope=\"access\"")
        .contains("resource_metadata=");
    assertRefused(answer, 403);
    String listed = STAGE.bearer(claims -> claims.putArray("scp").add("profile").add("access"));
    assertThat(list().with("Authorization", "Bearer " + listed).send().status()).isEqualTo(200);
  }

  @Test
  void A23_refusesTokensInOddPlaces() {
    String token = STAGE.bearer();
    assertRefused(list().path("/mcp?access_token=" + token).send(), 400);
    assertRefused(list().without("Authorization").path("/mcp?access_token=" + token).send(), 400);
    assertRefused(list().header("Authorization", "Bearer " + token).send(), 400);
    assertRefused(list().with("Authorization", "Bearer " + token + ", Bearer x").send(), 400);
    assertRefused(
        list()
            .without("Authorization")
            .with("Content-Type", "application/x-www-form-urlencoded")
            .body("access_token=" + token)
            .send(),
        415);
  }

  @Test
  void refusesOtherForms() {
    for (String type :
        List.of("text/plain", "application/json-rpc", "application/json; charset=utf-16")) {
      assertRefused(list().with("Content-Type", type).send(), 415);
    }
    assertRefused(list().without("Content-Type").send(), 415);
    for (String accept : List.of("application/json", "text/event-stream", "text/html")) {
      assertRefused(list().with("Accept", accept).send(), 406);
    }
    assertThat(list().with("Accept", "*/*").send().status()).isEqualTo(200);
    assertThat(list().with("Content-Type", "application/json; charset=UTF-8").send().status())
        .isEqualTo(200);
  }

  @Test
  void refusesBodiesThatAreTooLarge() {
    Stage.Answer answer = list().body(" ".repeat(65 * 1024)).send();

    assertThat(answer.status()).isEqualTo(413);
  }

  @Test
  void I09_refusesForeignOrigins() {
    for (String origin : List.of("https://evil.example", "null", "http://127.0.0.1:1")) {
      assertRefused(list().header("Origin", origin).send(), 403);
    }
    assertThat(list().header("Origin", STAGE.config.base().toString()).send().status())
        .isEqualTo(200);
    assertThat(list().header("Origin", "https://chat.example").send().status()).isEqualTo(200);
  }

  @Test
  void I09_refusesForeignHosts() throws IOException {
    for (String host : List.of("evil.example", "evil.example:80", "127.0.0.1")) {
      assertThat(post("Host: " + host)).as(host).startsWith("HTTP/1.1 403");
      STAGE.ledger.clear();
    }
    assertThat(post("Host: ")).startsWith("HTTP/1.1 400");
    String own = STAGE.config.base().getAuthority();
    assertThat(post("Host: " + own)).startsWith("HTTP/1.1 401");
    assertThat(post("Host: localhost:" + STAGE.config.base().getPort())).startsWith("HTTP/1.1 401");
  }

  private static String post(String host) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), STAGE.config.base().getPort())) {
      String head =
          "POST /mcp HTTP/1.1\r\n"
              + host
              + "\r\nContent-Type: application/json\r\nAccept: */*\r\nContent-Length: 2\r\n"
              + "Connection: close\r\n\r\n{}";
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8);
    }
  }

  @Test
  void answers503WhenTheLedgerIsAway() {
    STAGE.ledgerAway = true;
    try {
      Stage.Answer answer = list().without("Authorization").send();

      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.header("Retry-After")).isNotEmpty();
    } finally {
      STAGE.ledgerAway = false;
    }
  }
}
