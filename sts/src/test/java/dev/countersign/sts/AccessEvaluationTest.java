package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.FreePort;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// AuthZEN 1.0 on the wire: the working group's Todo scenario, in the application and in a gateway,
/// and what makes a request unusable.
class AccessEvaluationTest {
  private static final String TOKEN = "todo-application-0123456789";
  private static final String OPERATOR = "operator-desk-0123456789-abc";
  private static final String MORTY =
      "CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs";
  private static final World WORLD = new World();
  private static final StsBox PDP = start();

  private static StsBox start() {
    Path folder = World.file("types.yaml").resolveSibling("../authzen").normalize();
    Policy policy =
        Policy.load(folder.resolve("policy.yaml"), TypeRegistry.load(folder.resolve("types.yaml")));
    var callers =
        Map.of(
            "todo",
            new DecisionSettings.Caller(new Secret(TOKEN), "todo", Set.of("okta"), false, false),
            "desk",
            new DecisionSettings.Caller(new Secret(OPERATOR), "todo", Set.of("okta"), true, true));
    StsBox box =
        WORLD.replica(
            FreePort.any(),
            new DecisionSettings(Map.of(), Map.of(), Optional.empty(), callers),
            PolicyFiles.fixed(policy));
    person("0", "rick@the-citadel.com", "admin", "evil_genius");
    person("1", "morty@the-citadel.com", "editor");
    person("2", "summer@the-smiths.com", "editor");
    person("3", "beth@the-smiths.com", "viewer");
    person("4", "jerry@the-smiths.com", "viewer");
    return box;
  }

  private static void person(String number, String mail, String... roles) {
    String id =
        java.util.Base64.getEncoder()
            .encodeToString(
                ("\n$fd" + number + "614d3-c39a-4781-b7bd-8b96f5a5100d\u0012\u0005local")
                    .getBytes(StandardCharsets.UTF_8));
    AttributeStore store = StsBox.attributes(WORLD.database);
    var list = StrictJson.array();
    List.of(roles).forEach(list::add);
    store.upsert("okta|" + id, "email", StrictJson.parse("\"" + mail + "\""), "test", World.NOON);
    store.upsert("okta|" + id, "roles", list, "test", World.NOON);
  }

  @AfterAll
  static void close() {
    PDP.close();
    WORLD.close();
  }

  private static ObjectNode vectors(String file) {
    try {
      return StrictJson.parseObject(
          Files.readAllBytes(
              World.file("types.yaml").resolveSibling("../authzen/" + file).normalize()));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  static List<JsonNode> single() {
    return Stream.of("decisions.json", "gateway-decisions.json")
        .flatMap(file -> vectors(file).path("evaluation").valueStream())
        .toList();
  }

  static List<JsonNode> several() {
    return vectors("decisions.json").path("evaluations").valueStream().toList();
  }

  private static Answer post(String path, String token, String body, String... more) {
    var headers = new ArrayList<>(List.of("Content-Type", "application/json"));
    if (!token.isEmpty()) {
      headers.addAll(List.of("Authorization", "Bearer " + token));
    }
    headers.addAll(List.of(more));
    return WORLD.sendTo(
        URI.create(PDP.baseUri() + path), "POST", body, headers.toArray(String[]::new));
  }

  private static Answer evaluate(String body) {
    return post("/access/v1/evaluation", TOKEN, body);
  }

  @ParameterizedTest
  @MethodSource("single")
  void answersTheScenario(JsonNode vector) {
    Answer answer = evaluate(StrictJson.write(vector.path("request")));

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.json().path("decision").booleanValue())
        .as(answer.body())
        .isEqualTo(vector.path("expected").booleanValue());
  }

  @ParameterizedTest
  @MethodSource("several")
  void answersTheScenariosLists(JsonNode vector) {
    Answer answer = post("/access/v1/evaluations", TOKEN, StrictJson.write(vector.path("request")));

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(decisions(answer))
        .isEqualTo(
            vector
                .path("expected")
                .valueStream()
                .map(one -> one.path("decision").booleanValue())
                .toList());
  }

  private static List<Boolean> decisions(Answer answer) {
    return answer
        .json()
        .path("evaluations")
        .valueStream()
        .map(one -> one.path("decision").booleanValue())
        .toList();
  }

  private static String ask(String owner) {
    return """
    {"subject":{"type":"user","id":"%s"},"action":{"name":"can_update_todo"},\
    "resource":{"type":"todo","id":"7","properties":{"ownerID":"%s"}},"unknown":[1]}\
    """
        .formatted(MORTY, owner);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{",
        "{}",
        "{\"subject\":{\"type\":\"user\",\"id\":\"x\"},\"action\":{\"name\":\"a\"}}",
        "{\"subject\":{\"type\":\"user\"},\"action\":{\"name\":\"a\"},\"resource\":{\"type\":\"t\",\"id\":\"1\"}}",
        "{\"subject\":{\"type\":\"user\",\"id\":7},\"action\":{\"name\":\"a\"},\"resource\":{\"type\":\"t\",\"id\":\"1\"}}",
        "{\"subject\":\"me\",\"action\":{\"name\":\"a\"},\"resource\":{\"type\":\"t\",\"id\":\"1\"}}",
        "{\"subject\":{\"type\":\"user\",\"id\":\"x\",\"id\":\"y\"},\"action\":{\"name\":\"a\"},\"resource\":{\"type\":\"t\",\"id\":\"1\"}}",
        "{\"subject\":{\"type\":\"user\",\"id\":\"x\"},\"action\":{\"name\":\"a\"},\"resource\":{\"type\":\"t\",\"id\":\"1\",\"properties\":[]}}",
      })
  void AZ_01_aRequestThatIsNotOneIs400(String body) {
    assertThat(evaluate(body).status()).as(body).isEqualTo(400);
  }

  @Test
  void AZ_10_nobodyIsAnsweredWithoutAKnownToken() {
    Answer without = post("/access/v1/evaluation", "", ask("morty@the-citadel.com"));
    Answer wrong = post("/access/v1/evaluation", TOKEN + "x", ask("morty@the-citadel.com"));

    assertThat(without.status()).isEqualTo(401);
    assertThat(without.header("www-authenticate")).isEqualTo("Bearer");
    assertThat(wrong.status()).isEqualTo(401);
    assertThat(wrong.body()).doesNotContain("decision");
  }

  @Test
  void AZ_09_theRequestsIdComesBack() {
    Answer answer =
        post("/access/v1/evaluation", TOKEN, ask("morty@the-citadel.com"), "X-Request-ID", "r-7");

    assertThat(answer.header("x-request-id")).isEqualTo("r-7");
    assertThat(answer.json().path("decision").booleanValue()).isTrue();
  }

  @Test
  void AZ_05_aListEndsWhereItsSemanticSays() {
    String list =
        """
        {"subject":{"type":"user","id":"%s"},"action":{"name":"can_update_todo"},
         "options":{"evaluations_semantic":"%s"},
         "evaluations":[
          {"resource":{"type":"todo","id":"1","properties":{"ownerID":"morty@the-citadel.com"}}},
          {"resource":{"type":"todo","id":"2","properties":{"ownerID":"rick@the-citadel.com"}}},
          {"resource":{"type":"todo","id":"3"},"action":7},
          {"resource":{"type":"todo","id":"4","properties":{"ownerID":"morty@the-citadel.com"}}}]}
        """;

    assertThat(decisions(evaluations(list.formatted(MORTY, "execute_all"))))
        .containsExactly(true, false, false, true);
    assertThat(decisions(evaluations(list.formatted(MORTY, "deny_on_first_deny"))))
        .containsExactly(true, false);
    assertThat(decisions(evaluations(list.formatted(MORTY, "permit_on_first_permit"))))
        .containsExactly(true);
    assertThat(evaluations(list.formatted(MORTY, "any")).status()).isEqualTo(400);
    assertThat(
            evaluations(list.formatted(MORTY, "execute_all"))
                .json()
                .path("evaluations")
                .path(2)
                .path("context")
                .path("error")
                .path("status")
                .intValue())
        .isEqualTo(400);
  }

  private static Answer evaluations(String body) {
    return post("/access/v1/evaluations", TOKEN, body);
  }

  @Test
  void theMetadataNameTheEndpoints() {
    Answer answer =
        WORLD.sendTo(URI.create(PDP.baseUri() + "/.well-known/authzen-configuration"), "GET", null);

    assertThat(answer.text("policy_decision_point")).isEqualTo(WORLD.issuer);
    assertThat(answer.text("access_evaluation_endpoint"))
        .isEqualTo(WORLD.issuer + "/access/v1/evaluation");
    assertThat(answer.text("access_evaluations_endpoint"))
        .isEqualTo(WORLD.issuer + "/access/v1/evaluations");
  }

  @Test
  void aCallerThatIsNotTrustedAddsNoFacts() {
    String body =
        """
        {"subject":{"type":"user","id":"nobody-1","properties":
          {"email":"x@y.example","roles":["admin"]}},
         "action":{"name":"can_delete_todo"},"resource":{"type":"todo","id":"7"}}
        """;

    assertThat(evaluate(body).json().path("decision").booleanValue()).isFalse();
    assertThat(post("/access/v1/evaluation", OPERATOR, body).json().path("decision").booleanValue())
        .isTrue();
  }

  @Test
  void onlyAnOperatorLearnsWhatWouldPass() {
    Answer caller = evaluate(ask("rick@the-citadel.com"));
    Answer operator = post("/access/v1/evaluation", OPERATOR, ask("rick@the-citadel.com"));

    assertThat(caller.json().path("context").propertyNames())
        .containsExactlyInAnyOrder("id", "outcome", "reasons", "rules");
    assertThat(caller.json().path("context").path("rules").valueStream())
        .isNotEmpty()
        .allSatisfy(rule ->
            assertThat(rule.propertyNames())
                .containsExactlyInAnyOrder("rule", "outcome", "element", "reason"));
    assertThat(operator.json().path("context").path("changes").valueStream())
        .anySatisfy(change -> {
          assertThat(change.path("path").stringValue()).isEqualTo("request.ownerID");
          assertThat(change.path("to").stringValue()).isEqualTo("morty@the-citadel.com");
          assertThat(change.path("outcome").stringValue()).isEqualTo("permit");
        });
    String jti = caller.json().path("context").path("id").stringValue();
    assertThat(WORLD.entriesOf(jti))
        .extracting(entry -> entry.event())
        .containsExactly(LedgerEvent.ACCESS_EVALUATED);
  }

  @Test
  void aPersonWhoseSessionsWereEndedIsDenied() {
    String body =
        """
        {"subject":{"type":"okta","id":"killed-1","properties":
          {"email":"x@y.example","roles":["admin"]%s}},
         "action":{"name":"can_delete_todo"},"resource":{"type":"todo","id":"7"}}
        """;
    long now = WORLD.now.get().getEpochSecond();
    assertThat(permits(body.formatted(""))).isTrue();

    WORLD.endSessions("okta|killed-1", "txn-1", WORLD.receiverKey, "receiver");

    assertThat(permits(body.formatted(""))).isFalse();
    assertThat(permits(body.formatted(",\"auth_time\":" + (now - 1)))).isFalse();
    assertThat(permits(body.formatted(",\"auth_time\":" + (now + 1)))).isTrue();
  }

  private static boolean permits(String body) {
    return post("/access/v1/evaluation", OPERATOR, body).json().path("decision").booleanValue();
  }

  @Test
  void anActionThatPropertiesContradictIsRefused() {
    String body =
        """
        {"subject":{"type":"user","id":"%s"},"action":{"name":"can_delete_todo"},
         "resource":{"type":"todo","id":"7","properties":{"action":"can_read_todos"}}}
        """
            .formatted(MORTY);

    assertThat(evaluate(body).json().path("decision").booleanValue()).isFalse();
  }
}
