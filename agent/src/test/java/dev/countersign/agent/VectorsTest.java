package dev.countersign.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.agent.http.HttpTokenExchange;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The vectors that all languages share (`agents/vectors`).
class VectorsTest {
  private static final Path FOLDER = Path.of("..", "agents", "vectors");
  private static final StsOfVectors STS = new StsOfVectors();

  @AfterAll
  static void close() {
    STS.close();
  }

  private static ObjectNode file(String name) {
    try {
      String text = Files.readString(FOLDER.resolve(name));
      return StrictJson.parseObject(text.replace("$ISSUER", STS.uri().toString()));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static Stream<Named<JsonNode>> cases(String file) {
    return StreamSupport.stream(file(file).path("cases").spliterator(), false)
        .map(one -> Named.of(one.path("name").stringValue(), one));
  }

  static Stream<Named<JsonNode>> rar() {
    return cases("rar.json");
  }

  @ParameterizedTest
  @MethodSource("rar")
  void buildsTheDetails(JsonNode one) {
    ObjectNode schema =
        one.path("inputSchema") instanceof ObjectNode given ? given : StrictJson.object();
    ObjectNode arguments = (ObjectNode) one.path("arguments");
    if (one.has("error")) {
      assertProblem(
          one, () -> RarTemplate.of(one.path("template")).build(arguments, schema).canonical());
      return;
    }
    RarTemplate template = RarTemplate.of(one.path("template"));
    AuthorizationDetails details = template.build(arguments, schema);

    assertThat(details.canonical()).isEqualTo(one.path("canonical").stringValue());
    assertThat(details.digest()).isEqualTo(one.path("digest").stringValue());
    assertThat(template.digest()).isEqualTo(one.path("templateDigest").stringValue());
  }

  static Stream<Named<JsonNode>> templates() {
    return cases("templates.json");
  }

  @ParameterizedTest
  @MethodSource("templates")
  void trustsOnlyWhatWasReviewed(JsonNode one) {
    String tool = one.path("tool").stringValue();
    if (one.has("error")) {
      assertProblem(one, () -> chosen(one, tool));
    } else {
      assertThat(chosen(one, tool).scope()).isEqualTo(one.path("scope").stringValue());
    }
  }

  private static Templates.Chosen chosen(JsonNode one, String tool) {
    Templates templates =
        one.path("file").isNull()
            ? Templates.trustingTheServer()
            : Templates.of(StrictJson.write(one.path("file")));
    Optional<Templates.Chosen> local = templates.local(tool);
    return local.isPresent()
        ? local.get()
        : templates.published(new ToolInfo(tool, "", (ObjectNode) one.path("definition")));
  }

  private static void assertProblem(JsonNode one, Runnable work) {
    assertThatThrownBy(work::run)
        .isInstanceOfSatisfying(
            TemplateException.class,
            failed ->
                assertThat(failed.problem().code()).isEqualTo(one.path("error").stringValue()));
  }

  private static TokenExchange tokenExchange() {
    JsonNode client = file("exchange.json").path("client");
    return new HttpTokenExchange(
        STS.uri(),
        URI.create(client.path("resource").stringValue()),
        client.path("subjectTokenType").stringValue(),
        ClientProof.secret(
            client.path("clientId").stringValue(),
            new Secret(client.path("clientSecret").stringValue())));
  }

  static Stream<Named<JsonNode>> exchange() {
    return cases("exchange.json");
  }

  @ParameterizedTest
  @MethodSource("exchange")
  void tellsWhatAnExchangeCameTo(JsonNode one) {
    ObjectNode vectors = file("exchange.json");
    var asked = new ArrayList<StsOfVectors.Asked>();
    STS.answerWith(request -> {
      asked.add(request);
      return one.path("answer");
    });
    JsonNode ask = vectors.path("ask");

    ObjectNode told;
    try {
      ExchangeResult result =
          tokenExchange()
              .exchangeToken(
                  new Secret(ask.path("subjectToken").stringValue()),
                  ask.path("scope").stringValue(),
                  AuthorizationDetails.of(ask.path("authorizationDetails")));
      assertThat(result.toString()).doesNotContain("obo-1", "challenge-1", "bearer-1");
      told = told(result);
    } catch (UnavailableException away) {
      told = StrictJson.object().put("kind", "unavailable");
    }

    assertHolds(told, one.path("outcome"));
    assertThat(asked)
        .singleElement()
        .satisfies(request -> {
          assertThat(request.path()).isEqualTo("/oauth2/token");
          assertThat(request.authorization())
              .isEqualTo(vectors.path("client").path("authorization").stringValue());
          assertThat(request.form()).isEqualTo(texts(vectors.path("form")));
        });
  }

  private static ObjectNode told(ExchangeResult result) {
    ObjectNode told = StrictJson.object();
    switch (result) {
      case ExchangeResult.OnBehalfOf(Secret token, String jti, Duration life) ->
          told.put("kind", "on_behalf_of")
              .put("token", token.reveal())
              .put("jti", jti)
              .put("expiresIn", life.toSeconds());
      case ExchangeResult.StepUpRequired stepUp ->
          told.put("kind", "step_up_required")
              .put("approvalId", stepUp.approvalId())
              .put("page", stepUp.page().toString())
              .put("expiresAt", stepUp.expiresAt().toString())
              .put("message", stepUp.message())
              .put("jti", stepUp.jti())
              .put("challenge", stepUp.challenge().reveal());
      case ExchangeResult.Denied(String code, String reason, String jti, List<String> reasons) -> {
        told.put("kind", "denied").put("code", code).put("reason", reason).put("jti", jti);
        reasons.forEach(told.putArray("reasons")::add);
      }
      case ExchangeResult.SignInRequired(_, String jti) ->
          told.put("kind", "sign_in_required").put("jti", jti);
      case ExchangeResult.Refused(String code, String reason, _) ->
          told.put("kind", "refused").put("code", code).put("reason", reason);
    }
    return told;
  }

  static Stream<Named<JsonNode>> calls() {
    return cases("calls.json");
  }

  @ParameterizedTest
  @MethodSource("calls")
  void makesAWholeCall(JsonNode one) {
    Deque<JsonNode> steps = new ArrayDeque<>();
    one.path("steps").forEach(steps::add);
    var wrong = new ArrayList<String>();
    STS.answerWith(request -> stsStep(steps, request, wrong));
    var client = new McpClient((bearer, _, body) -> mcpStep(steps, bearer, body, wrong));
    var shown = new ArrayList<String>();
    GuardedClient guarded =
        one.path("pattern").stringValue().equals("forward")
            ? GuardedClient.forwarding(client)
            : GuardedClient.exchanging(
                client, tokenExchange(), Templates.of(StrictJson.write(one.path("templates"))));
    long patience = one.path("patience").longValue();
    GuardedClient patient =
        guarded.waitingFor((page, _) -> shown.add(page.toString()), Duration.ofSeconds(patience));

    var seen = new ArrayList<CallOutcome>();
    Runnable work =
        () ->
            Acting.forPerson(new Secret("bearer-1"))
                .call(() ->
                    seen.add(
                        patient.callTool(
                            one.path("tool").stringValue(), (ObjectNode) one.path("arguments"))));
    if (one.path("outcome").path("status").stringValue().equals("sign_in_required")) {
      assertThatThrownBy(work::run).isInstanceOf(SignInRequiredException.class).hasNoCause();
    } else {
      work.run();
    }

    assertThat(wrong).isEmpty();
    assertThat(steps).isEmpty();
    assertHolds(told(seen.getFirst()), one.path("outcome"));
    assertThat(seen.toString()).doesNotContain("obo-1", "challenge-1", "assertion-1");
    assertThat(shown)
        .isEqualTo(
            StreamSupport.stream(one.path("shown").spliterator(), false)
                .map(JsonNode::stringValue)
                .toList());
  }

  private static JsonNode stsStep(
      Deque<JsonNode> steps, StsOfVectors.Asked asked, List<String> wrong) {
    JsonNode step = steps.isEmpty() ? StrictJson.object() : steps.pop();
    boolean asExpected =
        step.path("to").asString("").equals("sts")
            && step.path("method").asString("").equals(asked.method())
            && step.path("path").asString("").equals(asked.path())
            && step.path("query").asString("").equals(asked.query())
            && (step.has("form")
                ? texts(step.path("form")).equals(asked.form())
                : asked.authorization().equals("Bearer " + step.path("bearer").asString("")));
    if (!asExpected) {
      wrong.add("asked " + asked.method() + " " + asked.path() + "?" + asked.query());
    }
    return step.has("status") ? step : StrictJson.object().put("status", 500);
  }

  private static Transport.Answer mcpStep(
      Deque<JsonNode> steps, Secret bearer, String body, List<String> wrong) {
    JsonNode step = steps.isEmpty() ? StrictJson.object() : steps.pop();
    ObjectNode message = StrictJson.parseObject(body);
    if (!step.path("to").asString("").equals("mcp")
        || !message.path("method").equals(step.path("method"))
        || !bearer.reveal().equals(step.path("bearer").asString(""))) {
      wrong.add("called " + message.path("method"));
    }
    if (step.path("status").asInt(500) != 200) {
      return new Transport.Answer(step.path("status").asInt(500), Optional.empty(), "{}");
    }
    ObjectNode answer = StrictJson.object().put("jsonrpc", "2.0");
    answer.set("id", message.path("id"));
    answer.set("result", step.path("result"));
    return new Transport.Answer(200, Optional.empty(), StrictJson.write(answer));
  }

  private static ObjectNode told(CallOutcome outcome) {
    ObjectNode told = StrictJson.object();
    return switch (outcome) {
      case CallOutcome.Done _ -> told.put("status", "done");
      case CallOutcome.ApprovalRequired approval ->
          told.put("status", "approval_required").put("page", approval.url().toString());
      case CallOutcome.Denied denied -> told.put("status", "denied").put("code", denied.code());
      case CallOutcome.SignInRequired _ -> told.put("status", "sign_in_required");
      case CallOutcome.Failed failed -> told.put("status", "failed").put("code", failed.code());
    };
  }

  private static void assertHolds(ObjectNode told, JsonNode outcome) {
    assertThat(outcome.properties())
        .isNotEmpty()
        .allSatisfy(member ->
            assertThat(StrictJson.canonical(told.path(member.getKey())))
                .isEqualTo(StrictJson.canonical(member.getValue())));
  }

  private static Map<String, String> texts(JsonNode object) {
    var texts = new TreeMap<String, String>();
    object
        .properties()
        .forEach(member -> texts.put(member.getKey(), member.getValue().stringValue()));
    return texts;
  }
}
