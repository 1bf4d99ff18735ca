package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.HttpRouting;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BoxServerTest {
  private static final int MAX_BODY = 1_000;

  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicBoolean databaseIsUp = new AtomicBoolean(true);
  private final CountDownLatch slowRequestRuns = new CountDownLatch(1);
  private BoxServer server;

  @BeforeEach
  void start() {
    server = start(routing -> {});
  }

  private BoxServer start(java.util.function.Consumer<HttpRouting.Builder> more) {
    var health = new Health();
    health.check("database", databaseIsUp::get);
    return BoxServer.start(
        new BoxServer.Settings("test", Listener.loopback(0), health, new Metrics(), MAX_BODY),
        routing -> {
          routing
              .post("/form", (q, r) -> Http.json(r, 200, fields(Http.form(q))))
              .get("/query", (q, r) -> Http.json(r, 200, fields(Http.query(q))))
              .post("/json", (q, r) -> Http.json(r, 200, Http.jsonBody(q)))
              .get(
                  "/bearer",
                  (q, r) ->
                      Http.json(
                          r,
                          200,
                          StrictJson.object()
                              .put("token", Http.bearer(q).map(s -> s.reveal()).orElse("none"))))
              .get("/page", (_, r) -> Http.html(r, 200, "<p>hello</p>"))
              .get(
                  "/bug",
                  (_, _) -> {
                    throw new IllegalStateException("password=hunter2");
                  })
              .get(
                  "/away",
                  (_, _) -> {
                    throw new DatabaseAway("the database is away", new SQLException("host db7"));
                  })
              .get(
                  "/refused",
                  (_, _) -> {
                    throw new WireException(OAuthError.INVALID_TARGET, "`resource` is not known");
                  })
              .get(
                  "/slow",
                  (_, r) -> {
                    slowRequestRuns.countDown();
                    Thread.sleep(300);
                    Http.empty(r, 204);
                  });
          more.accept(routing);
        });
  }

  private static tools.jackson.databind.node.ObjectNode fields(
      java.util.Map<String, String> fields) {
    var object = StrictJson.object();
    fields.forEach(object::put);
    return object;
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void saysThatItIsAlive() throws Exception {
    var answer = get("/healthz");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"status\":\"ok\"}");
  }

  @Test
  void isReadyOnlyWhileEachCheckPasses() throws Exception {
    var up = get("/readyz");
    assertThat(up.statusCode()).isEqualTo(200);
    assertThat(up.body()).isEqualTo("{\"status\":\"ok\",\"checks\":{\"database\":\"up\"}}");
    databaseIsUp.set(false);
    var down = get("/readyz");
    assertThat(down.statusCode()).isEqualTo(503);
    assertThat(down.body()).contains("\"database\":\"down\"");
  }

  @Test
  void countsRequestsByMethodAndStatus() throws Exception {
    get("/refused");
    get("/nowhere");
    get("/bug");
    send(request("/healthz").method("HUNTER2", HttpRequest.BodyPublishers.noBody()));
    String metrics = get("/metrics").body();
    assertThat(metrics)
        .contains(
            "http_server_requests_seconds_count{box=\"test\",method=\"GET\",status=\"400\"} 1")
        .contains(
            "http_server_requests_seconds_count{box=\"test\",method=\"GET\",status=\"404\"} 1")
        .contains(
            "http_server_requests_seconds_count{box=\"test\",method=\"GET\",status=\"500\"} 1")
        .contains("method=\"other\"")
        .doesNotContain("HUNTER2");
  }

  @Test
  void readsAFormAndTreatsEmptyFieldsAsAbsent() throws Exception {
    var answer = post("/form", "application/x-www-form-urlencoded", "a=1%2B1&empty=&b=x+y&c");
    assertThat(answer.body()).isEqualTo("{\"a\":\"1+1\",\"b\":\"x y\"}");
    assertThat(answer.headers().firstValue("cache-control")).hasValue("no-store");
  }

  @Test
  void readsAFormWithItsCharsetNamed() throws Exception {
    var answer = post("/form", "application/x-www-form-urlencoded;charset=UTF-8", "name=%C3%A9");
    assertThat(answer.body()).isEqualTo("{\"name\":\"é\"}");
  }

  @Test
  void refusesAFieldThatOccursTwice() throws Exception {
    var answer =
        post("/form", "application/x-www-form-urlencoded", "resource=https://a&resource=https://b");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body())
        .isEqualTo(
            "{\"error\":\"invalid_request\","
                + "\"error_description\":\"a field of the form occurs twice: `resource`\"}");
    assertThat(get("/query?a=1&a=2").statusCode()).isEqualTo(400);
    assertThat(get("/query?a=1&%61=2").statusCode()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a=%", "a=%4", "a=%zz", "a=%ff%fe", "a=é", "a=%00"})
  void refusesAFormThatIsBadlyWritten(String form) throws Exception {
    var answer = post("/form", "application/x-www-form-urlencoded", form);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("invalid_request");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json",
        "application/x-www-form-urlencoded; charset=utf-16",
        "nonsense"
      })
  void refusesAFormOfAnotherContentType(String type) throws Exception {
    assertThat(post("/form", type, "a=1").statusCode()).isEqualTo(415);
  }

  @Test
  void refusesJsonOfAnotherContentType() throws Exception {
    assertThat(post("/json", "text/plain", "{}").statusCode()).isEqualTo(415);
    var without = request("/json").POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(send(without).statusCode()).isEqualTo(415);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{\"a\":1,\"a\":2}", "{", "{} {}", "{\"a\":NaN}"})
  void refusesJsonThatIsNotOneStrictObject(String json) throws Exception {
    var answer = post("/json", "application/json", json);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("invalid_request");
  }

  @Test
  void refusesABodyThatIsTooLarge() throws Exception {
    String tooLarge = "a=" + "x".repeat(MAX_BODY);
    var answer = post("/form", "application/x-www-form-urlencoded", tooLarge);
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(answer.body()).contains("invalid_request");
  }

  @Test
  void refusesAChunkedBodyThatIsTooLarge() throws Exception {
    byte[] tooLarge = ("a=" + "x".repeat(MAX_BODY * 20)).getBytes(StandardCharsets.UTF_8);
    var answer =
        send(
            request("/form")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(tooLarge))));
    assertThat(answer.statusCode()).isEqualTo(413);
  }

  @Test
  void tellsSoEvenACallerThatReadsNothingBeforeItHasSentItAll() throws Exception {
    byte[] body = "x".repeat(500_000).getBytes(StandardCharsets.US_ASCII);
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      var out = socket.getOutputStream();
      out.write(
          ("POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      out.write(body);
      out.flush();
      var in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      assertThat(in.readLine()).startsWith("HTTP/1.1 413");
    }
  }

  @Test
  void takesABodyOfExactlyTheLimit() throws Exception {
    String largest = "a=" + "x".repeat(MAX_BODY - 2);
    assertThat(post("/form", "application/x-www-form-urlencoded", largest).statusCode())
        .isEqualTo(200);
  }

  @Test
  void readsOneBearerToken() throws Exception {
    assertThat(get("/bearer").body()).contains("none");
    assertThat(send(request("/bearer").header("Authorization", "Bearer a.b-c_d~+/=")).body())
        .isEqualTo("{\"token\":\"a.b-c_d~+/=\"}");
    assertThat(send(request("/bearer").header("Authorization", "bearer abc")).body())
        .isEqualTo("{\"token\":\"abc\"}");
    assertThat(send(request("/bearer").header("Authorization", "Basic abc")).body())
        .contains("none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer", "Bearer a b", "Bearer a,b", "Bearer a, Bearer b", "Bearer=a"})
  void refusesAMalformedBearerToken(String header) throws Exception {
    var answer = send(request("/bearer").header("Authorization", header));
    assertThat(answer.statusCode()).isEqualTo(400);
  }

  @Test
  void refusesTwoAuthorizationHeaders() throws Exception {
    var answer =
        send(
            request("/bearer")
                .header("Authorization", "Bearer one")
                .header("Authorization", "Bearer two"));
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("`Authorization` occurs twice").doesNotContain("one");
  }

  @Test
  void answersAnUnknownExceptionWith500AndNothingOfIt() throws Exception {
    var answer = get("/bug");
    assertThat(answer.statusCode()).isEqualTo(500);
    assertThat(answer.body())
        .matches("\\{\"error\":\"server_error\",\"correlation_id\":\"[A-Za-z0-9]{12}\"}");
  }

  @Test
  void answers503WhenTheDatabaseIsAway() throws Exception {
    var answer = get("/away");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("retry-after")).hasValue("2");
    assertThat(answer.body()).isEqualTo("{\"error\":\"temporarily_unavailable\"}");
  }

  @Test
  void answersAWireExceptionWithItsCodeAndDescription() throws Exception {
    var answer = get("/refused");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(answer.body())
        .isEqualTo(
            "{\"error\":\"invalid_target\",\"error_description\":\"`resource` is not known\"}");
  }

  @Test
  void letsABoxAnswerExceptionsInItsOwnForm() throws Exception {
    try (var own =
        start(routing ->
            routing.error(
                WireException.class,
                (_, r, refused) ->
                    Http.json(
                        r, 403, StrictJson.object().put("errors", refused.error().code()))))) {
      var answer = send(HttpRequest.newBuilder(own.baseUri().resolve("/refused")));
      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body()).isEqualTo("{\"errors\":\"invalid_target\"}");
    }
  }

  @Test
  void answersAnUnknownPathWithoutRepeatingIt() throws Exception {
    var answer = get("/<script>hunter2".replace("<", "%3C").replace(">", "%3E"));
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).isEqualTo("{\"error\":\"not_found\"}");
  }

  @Test
  void answersARequestThatIsNotHttpWithoutRepeatingIt() throws Exception {
    assertThat(raw("GET /hunter2\u0001<script> HTTP/1.1\r\nHost: x\r\n\r\n"))
        .startsWith("HTTP/1.1 400")
        .doesNotContain("hunter2");
    assertThat(raw("GET / HTTP/1.1\r\nHost: x\r\nhun ter2: x\r\n\r\n"))
        .startsWith("HTTP/1.1 400")
        .doesNotContain("ter2");
  }

  @Test
  void refusesTheTwoWaysToSayHowLongABodyIs() throws Exception {
    String answer =
        raw(
            String.join(
                "\r\n",
                "POST /form HTTP/1.1",
                "Host: x",
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Length: 3",
                "Transfer-Encoding: chunked",
                "",
                "3",
                "a=1",
                "0",
                "",
                ""));
    assertThat(answer).startsWith("HTTP/1.1 400");
  }

  @Test
  void sendsPagesThatMayNotBeFramedOrRunScripts() throws Exception {
    var headers = get("/page").headers();
    assertThat(headers.firstValue("content-security-policy").orElse(""))
        .contains("default-src 'none'", "frame-ancestors 'none'")
        .doesNotContain("script-src");
    assertThat(headers.firstValue("x-frame-options")).hasValue("DENY");
    assertThat(headers.firstValue("x-content-type-options")).hasValue("nosniff");
    assertThat(headers.firstValue("referrer-policy")).hasValue("no-referrer");
    assertThat(headers.firstValue("cache-control")).hasValue("no-store");
  }

  @Test
  void letsARunningRequestFinishWhenItStops() throws Exception {
    var answer = client.sendAsync(request("/slow").build(), HttpResponse.BodyHandlers.ofString());
    slowRequestRuns.await();
    server.close();
    assertThat(answer.get().statusCode()).isEqualTo(204);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX",
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: 10\r\n\r\na=",
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n5\r\na="
      })
  void endsACallerWhoSendsTooSlowly(String partOfARequest) throws Exception {
    var settings = BoxServer.Settings.of("test", Listener.loopback(0), new Health(), new Metrics());
    try (var hasty =
            BoxServer.start(
                settings,
                Duration.ofMillis(300),
                routing ->
                    routing.post("/form", (q, r) -> Http.json(r, 200, fields(Http.form(q)))));
        var socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), hasty.port())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(partOfARequest.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      assertThat(socket.getInputStream().readAllBytes()).isEmpty();
      assertThat(send(HttpRequest.newBuilder(hasty.baseUri().resolve("/healthz"))).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void namesThePortThatIsInUse() {
    assertThatThrownBy(() ->
            BoxServer.start(
                BoxServer.Settings.of(
                    "sts", Listener.loopback(server.port()), new Health(), new Metrics()),
                _ -> {}))
        .isInstanceOf(BoxServer.ListenFailure.class)
        .hasMessage(
            "sts cannot listen on 127.0.0.1:%d: the port is in use; stop what listens there or"
                + " choose another port",
            server.port());
  }

  private String raw(String request) throws IOException {
    try (var socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.port())) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  private HttpResponse<String> post(String path, String type, String body) throws Exception {
    return send(
        request(path).header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(request(path));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server.baseUri() + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
