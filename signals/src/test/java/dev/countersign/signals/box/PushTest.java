package dev.countersign.signals.box;

import static dev.countersign.signals.box.World.MAYA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.BoxServer;
import dev.countersign.box.FreePort;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Push delivery (RFC 8935) to an endpoint over a socket.
class PushTest {
  private static final String SECRET = "Bearer c2VjcmV0LW9mLXRoZS1lbmRwb2ludA";

  private World world;
  private Endpoint endpoint;

  @BeforeEach
  void start() {
    world = new World();
    endpoint = world.keep(new Endpoint());
    world.transmitter();
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  @Test
  void PU01_SS11_CI02_bringsExactlyTheTokenWithTheReceiversHeaderAndSettlesIt() {
    String stream = stream(endpoint.address());

    String id = world.kill(MAYA, "txn-1");
    world.eventually("delivered", () -> !delivered().isEmpty());

    Pushed pushed = endpoint.pushed.getFirst();
    ObjectNode claims = claims(pushed.body());
    assertThat(pushed.type()).isEqualTo("application/secevent+jwt");
    assertThat(pushed.accept()).isEqualTo("application/json");
    assertThat(pushed.authorization()).isEqualTo(SECRET);
    assertThat(claims.path("jti").stringValue()).isEqualTo(id);
    assertThat(claims.path("aud").stringValue()).isEqualTo(World.OTHER_AUDIENCE);
    assertThat(delivered().getFirst().data().path("stream").stringValue()).isEqualTo(stream);
    assertThat(endpoint.pushed).hasSize(1);
  }

  @Test
  void J09_neverShowsTheReceiversHeader() {
    String stream = stream(endpoint.address());

    WireClient.Answer read = world.call("partner", "GET", "/ssf/streams?stream_id=" + stream, null);

    assertThat(read.text()).contains(endpoint.address().toString()).doesNotContain("c2VjcmV0");
    assertThat(world.entries.toString()).doesNotContain("c2VjcmV0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nX-Other: b", "a\nb", "", " lead", "trail ", "caf\u00e9"})
  void J09_refusesAHeaderThatIsMoreThanAValue(String header) {
    ObjectNode body = body(endpoint.address().toString());
    ((ObjectNode) body.path("delivery")).put("authorization_header", header);

    WireClient.Answer answer = world.call("partner", "POST", "/ssf/streams", body);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("`authorization_header`");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://169.254.169.254/latest",
        "http://localhost/push",
        "http://10.0.0.1/push",
        "https://user:pass@partner.example/push",
        "https://partner.example/push#x",
        "file:///etc/passwd",
        "ftp://partner.example/",
        "not an address",
        "//partner.example/push"
      })
  void J08_refusesAnEndpointThatMustNotBeCalled(String address) {
    WireClient.Answer answer = world.call("partner", "POST", "/ssf/streams", body(address));

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("`endpoint_url`");
  }

  @Test
  void J08_callsNoInternalHostAndFollowsNoRedirect() {
    stream(endpoint.address());
    endpoint.answers.add(307);

    world.kill(MAYA, "txn-1");
    world.eventually("tried", () -> !endpoint.pushed.isEmpty());
    world.eventually("noted", () -> error().contains("307"));

    assertThat(endpoint.followed).isEmpty();
    assertThat(delivered()).isEmpty();
  }

  @Test
  void J08_opensNoConnectionToAPrivateAddressThatAPublicNameHides() {
    stream(URI.create("https://127.0.0.2:" + endpoint.address().getPort() + "/push"));

    world.kill(MAYA, "txn-1");
    world.eventually("refused", () -> error().contains("must not be called"));

    assertThat(endpoint.pushed).isEmpty();
  }

  @Test
  void PU07_triesAgainAfterAFailureAndInOrderForOneSubject() {
    stream(endpoint.address());
    endpoint.answers.addAll(List.of(503, 401, 404, 429));

    world.kill(MAYA, "txn-1");
    world.kill(MAYA, "txn-2");
    world.eventually(
        "both",
        () -> {
          world.clock.move(Duration.ofSeconds(2));
          return delivered().size() == 2;
        });

    List<String> accepted =
        endpoint.pushed.stream()
            .filter(one -> one.status() == 202)
            .map(one -> claims(one.body()).path("txn").stringValue())
            .toList();
    assertThat(accepted).containsExactly("txn-1", "txn-2");
  }

  @Test
  void J11_showsATokenAsDeadThatTheReceiverCannotReadAndSendsTheOthers() {
    stream(endpoint.address());
    endpoint.answers.add(400);

    world.kill(MAYA, "txn-1");
    world.eventually("dead", () -> !dead().isEmpty());
    world.kill(MAYA, "txn-2");
    world.eventually("the next", () -> !delivered().isEmpty());

    assertThat(dead().getFirst().data().path("reason").stringValue()).contains("invalid_key");
    assertThat(delivered().getFirst().jti()).isEqualTo("txn-2");
  }

  @Test
  void J11_givesUpAnEndpointThatAnswersNothingForAWeekAndSaysWhy() {
    stream(URI.create("http://127.0.0.1:" + FreePort.any() + "/gone"));

    world.kill(MAYA, "txn-1");
    world.eventually("tried", () -> !error().isEmpty());
    world.clock.move(Duration.ofDays(8));
    world.eventually("dead", () -> !dead().isEmpty());

    assertThat(dead().getFirst().data().path("reason").stringValue()).contains("given up");
    assertThat(dead().getFirst().jti()).isEqualTo("txn-1");
  }

  @Test
  void SS22_pushesNothingWhilePausedAndEverythingAfterwards() {
    String stream = stream(endpoint.address());
    status(stream, "paused");

    world.kill(MAYA, "txn-1");
    world.kill(MAYA, "txn-2");
    assertThat(endpoint.pushed).isEmpty();
    status(stream, "enabled");
    world.eventually("both", () -> delivered().size() == 2);

    assertThat(endpoint.pushed).hasSize(2);
  }

  @Test
  void losesNothingWhenManyWaitAndTwoReplicasShareTheWork() {
    String stream = stream(endpoint.address());
    status(stream, "paused");
    var ids = new HashSet<String>();
    for (int i = 0; i < 60; i++) {
      ids.add(world.kill("entra|person-" + i, "txn-" + i));
    }
    world.transmitter(0, List.of(world.signingKey, World.PARTNER_SIGNING_KEY));

    status(stream, "enabled");
    world.eventually("all", () -> delivered().size() == ids.size());

    var brought = new ArrayList<String>();
    endpoint.pushed.forEach(one -> brought.add(claims(one.body()).path("jti").stringValue()));
    assertThat(brought).containsExactlyInAnyOrderElementsOf(ids);
  }

  private String stream(URI address) {
    ObjectNode body = body(address.toString());
    ((ObjectNode) body.path("delivery")).put("authorization_header", SECRET);
    WireClient.Answer answer = world.call("partner", "POST", "/ssf/streams", body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return StrictJson.parseObject(answer.body()).path("stream_id").stringValue();
  }

  private static ObjectNode body(String address) {
    ObjectNode body = StrictJson.object();
    body.putObject("delivery").put("method", "urn:ietf:rfc:8935").put("endpoint_url", address);
    return body;
  }

  private void status(String stream, String status) {
    ObjectNode body = StrictJson.object().put("stream_id", stream).put("status", status);
    assertThat(world.call("partner", "POST", "/ssf/status", body).status()).isEqualTo(200);
  }

  private List<dev.countersign.ledger.LedgerEntry> delivered() {
    return world.entries(LedgerEvent.EVENT_DELIVERED);
  }

  private List<dev.countersign.ledger.LedgerEntry> dead() {
    return world.entries(LedgerEvent.EVENT_REFUSED);
  }

  private String error() {
    return world.transmitterDatabase.query(connection -> {
      try (var statement = connection.createStatement();
          var rows = statement.executeQuery("SELECT coalesce(max(last_error), '') FROM delivery")) {
        rows.next();
        return rows.getString(1);
      }
    });
  }

  private static ObjectNode claims(String token) {
    return StrictJson.parseObject(
        java.util.Base64.getUrlDecoder().decode(token.split("\\.", -1)[1]));
  }

  /// One push as it came.
  private record Pushed(
      String type, String accept, String authorization, String body, int status) {}

  /// A receiver's endpoint, with answers that a test may set.
  private static final class Endpoint implements AutoCloseable {
    final List<Pushed> pushed = new CopyOnWriteArrayList<>();
    final List<String> followed = new CopyOnWriteArrayList<>();
    final Queue<Integer> answers = new ConcurrentLinkedQueue<>();
    private final BoxServer server =
        BoxServer.start(
            BoxServer.Settings.of("endpoint", Listener.loopback(0), new Health(), new Metrics()),
            routing ->
                routing
                    .post("/push", this::take)
                    .post(
                        "/elsewhere",
                        (_, response) -> {
                          followed.add("elsewhere");
                          Http.empty(response, 202);
                        }));

    private void take(ServerRequest request, ServerResponse response) {
      Integer scripted = answers.poll();
      int status = scripted == null ? 202 : scripted;
      pushed.add(
          new Pushed(
              request.headers().first(HeaderNames.CONTENT_TYPE).orElse(""),
              request.headers().first(HeaderNames.ACCEPT).orElse(""),
              request.headers().first(HeaderNames.AUTHORIZATION).orElse(""),
              request.content().as(String.class),
              status));
      if (status == 400) {
        Http.json(response, 400, StrictJson.object().put("err", "invalid_key"));
        return;
      }
      if (status == 307) {
        response.header("Location", server.baseUri() + "/elsewhere");
      }
      Http.empty(response, status);
    }

    URI address() {
      return server.baseUri().resolve("/push");
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
