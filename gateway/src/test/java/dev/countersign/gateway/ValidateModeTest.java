package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Pattern B: the agent brings the on-behalf-of token, and the gateway only looks whether it is for
/// exactly this call.
class ValidateModeTest {
  private static final String REFUND =
      "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund\","
          + "\"instructedAmount\":{\"currency\":\"USD\",\"amount\":8000},"
          + "\"creditorAccount\":{\"identification\":\"R-1\"}}}]";

  private static Stage stage = new Stage(Stage.tools(), GatewayConfig.Mode.VALIDATE);

  @BeforeEach
  void reset() {
    stage.reset();
  }

  @AfterAll
  static void close() {
    stage.close();
  }

  private static String obo(String details, Consumer<ObjectNode> change) {
    stage.sts.claims =
        claims -> {
          claims.putObject("act").put("sub", "agent");
          change.accept(claims);
        };
    return stage
        .sts
        .permit(
            Map.of(
                "resource",
                stage.config.resource().toString(),
                "scope",
                "refund:write",
                "authorization_details",
                details))
        .body()
        .path("access_token")
        .asString("");
  }

  private static Stage.Answer call(String token, String tool, String arguments) {
    return stage
        .modern("tools/call", Stage.call(tool, arguments))
        .with("Authorization", "Bearer " + token)
        .send();
  }

  private static Stage.Answer refund(String token) {
    return call(token, "process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":8000}");
  }

  @Test
  void runsTheCallThatTheTokenIsFor() {
    String token = obo(REFUND, _ -> {});

    Stage.Answer answer = refund(token);

    assertThat(answer.isError()).as(answer.text()).isFalse();
    assertThat(stage.broker.tokens).containsExactly(token);
    assertThat(stage.broker.revoked).isEqualTo(stage.broker.minted).hasSize(1);
    assertThat(stage.sts.forms).as("no client of the STS is here").isEmpty();
    assertThat(stage.only(LedgerEvent.STATEMENT_RUN))
        .satisfies(entry -> {
          assertThat(entry.jti()).isEqualTo(stage.sts.jti);
          assertThat(entry.subject()).isEqualTo(Stage.MAYA);
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"case_id\":\"R-1\",\"amount_cents\":8001}",
        "{\"case_id\":\"R-2\",\"amount_cents\":8000}",
        "{\"case_id\":\"R-1\",\"amount_cents\":8000,\"currency\":\"EUR\"}"
      })
  void F06_refusesArgumentsThatAreNotThoseOfTheToken(String arguments) {
    Stage.Answer answer = call(obo(REFUND, _ -> {}), "process_refund", arguments);

    assertThat(answer.isError()).isTrue();
    assertThat(answer.structured().path("code").asString("")).isEqualTo("token_mismatch");
    assertThat(stage.broker.tokens).isEmpty();
    assertThat(stage.only(LedgerEvent.CALL_REFUSED).jti()).isEqualTo(stage.sts.jti);
  }

  @Test
  void D19_runsACallThatWasDecidedByAVersionThatTheToolIsWrittenFor() {
    assertThat(refund(obo(REFUND, claims -> version(claims, 2))).isError()).isFalse();
    assertThat(stage.broker.tokens).hasSize(1);
  }

  @Test
  void D19_refusesATokenOfAnotherVersionOfItsType() {
    Stage.Answer answer = refund(obo(REFUND, claims -> version(claims, 3)));

    assertThat(answer.structured().path("code").asString("")).isEqualTo("token_mismatch");
    assertThat(answer.text()).contains("the type of the request has changed");
    assertThat(stage.broker.tokens).isEmpty();
    assertThat(stage.only(LedgerEvent.CALL_REFUSED).data().path("reason").asString(""))
        .contains("a version of a type");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"urn:smt:agent:refund\":0}", "\"2\"", "{\"x\":\"2\"}", "[2]"})
  void D19_refusesATokenWhoseVersionsAreNonsense(String versions) {
    assertRefusedAtTheDoor(
        obo(REFUND, claims -> claims.set(TypeVersions.CLAIM, StrictJson.parse(versions))));
  }

  private static void version(ObjectNode claims, int version) {
    claims.putObject(TypeVersions.CLAIM).put("urn:smt:agent:refund", version);
  }

  @Test
  void refusesAnotherToolThanTheTokensOwn() {
    Stage.Answer answer = call(obo(REFUND, _ -> {}), "find_case", "{\"case_id\":\"R-1\"}");

    assertThat(answer.structured().path("code").asString("")).isEqualTo("token_mismatch");
    assertThat(stage.broker.tokens).isEmpty();
  }

  @Test
  void refusesATokenForMoreThanThisCall() {
    String two = REFUND.substring(0, REFUND.length() - 1) + "," + REFUND.substring(1);

    assertThat(refund(obo(two, _ -> {})).structured().path("code").asString(""))
        .isEqualTo("token_mismatch");
    assertThat(stage.broker.tokens).isEmpty();
  }

  @Test
  void asksForATokenOfTheCallWhereThePersonsOwnComes() {
    Stage.Answer answer = refund(stage.bearer());

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("WWW-Authenticate")).contains("resource_metadata", "invalid_token");
    assertThat(stage.broker.tokens).isEmpty();
    assertThat(stage.entries(LedgerEvent.CALL_REFUSED)).hasSize(1);
  }

  @Test
  void letsThePersonsOwnTokenListTheTools() {
    assertThat(stage.modern("tools/list", StrictJson.object()).send().status()).isEqualTo(200);
  }

  @Test
  void A13_refusesATokenForAnotherResource() {
    assertRefusedAtTheDoor(obo(REFUND, claims -> claims.put("aud", "https://other.example/mcp")));
  }

  @Test
  void A11_refusesATokenThatHasExpired() {
    assertRefusedAtTheDoor(obo(REFUND, claims -> claims.put("exp", 1_700_000_000)));
  }

  @Test
  void A24_refusesABoundTokenWithoutItsProof() {
    assertRefusedAtTheDoor(obo(REFUND, claims -> claims.putObject("cnf").put("jkt", "x")));
  }

  @Test
  void refusesATokenWithoutAnActor() {
    assertRefusedAtTheDoor(obo(REFUND, claims -> claims.remove("act")));
  }

  @Test
  void refusesATokenWithoutAuthorizationDetails() {
    assertRefusedAtTheDoor(obo(REFUND, claims -> claims.remove("authorization_details")));
  }

  @Test
  void refusesAWidenedToken() {
    String[] parts = obo(REFUND, _ -> {}).split("\\.", -1);
    String[] other = obo(REFUND.replace("8000", "800000"), _ -> {}).split("\\.", -1);

    assertRefusedAtTheDoor(parts[0] + "." + other[1] + "." + parts[2]);
  }

  @Test
  void theModeOfExchangeTakesNoTokenOfOurOwn() {
    try (var exchanging = new Stage()) {
      String token =
          exchanging
              .sts
              .permit(
                  Map.of(
                      "resource",
                      exchanging.config.resource().toString(),
                      "authorization_details",
                      REFUND))
              .body()
              .path("access_token")
              .asString("");

      Stage.Answer answer =
          exchanging
              .modern(
                  "tools/call",
                  Stage.call("process_refund", "{\"case_id\":\"R-1\",\"amount_cents\":8000}"))
              .with("Authorization", "Bearer " + token)
              .send();

      assertThat(answer.status()).isEqualTo(401);
      assertThat(exchanging.broker.tokens).isEmpty();
    }
  }

  @Test
  void PR_namesTheTokenServiceAndTheTypesInItsMetadata() {
    JsonNode metadata =
        stage
            .request()
            .method("GET")
            .path("/.well-known/oauth-protected-resource/mcp")
            .send()
            .json();

    assertThat(metadata.path("authorization_servers").get(0).asString(""))
        .isEqualTo(stage.sts.issuer());
    assertThat(metadata.path("authorization_details_types_supported").toString())
        .contains("urn:smt:agent:refund", "urn:smt:agent:case");
  }

  @Test
  void publishesEachToolsTemplateWithItsDigest() {
    JsonNode tools = stage.modern("tools/list", StrictJson.object()).send().result().path("tools");

    for (JsonNode tool : tools) {
      JsonNode published = tool.path("_meta").path("dev.countersign/rar");
      assertThat(published.path("digest").asString(""))
          .isEqualTo(Digest.sha256(StrictJson.canonical(published.path("template"))));
      assertThat(published.path("scope").asString("")).isNotEmpty();
      assertThat(AuthorizationDetails.of(published.path("template")).elements()).isNotEmpty();
    }
    assertThat(tools).isNotEmpty();
  }

  private static void assertRefusedAtTheDoor(String token) {
    Stage.Answer answer = refund(token);

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text()).doesNotContain(token);
    assertThat(stage.broker.tokens).isEmpty();
    assertThat(stage.entries(LedgerEvent.CALL_REFUSED)).hasSize(1);
  }
}
