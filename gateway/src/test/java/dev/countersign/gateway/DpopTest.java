package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Tokens that are bound to the agent's key count with its proof, once, at one of two replicas.
class DpopTest {
  private static final Stage STAGE = new Stage(Stage.tools(), GatewayConfig.Mode.VALIDATE);
  private static final Stage.Replica OTHER = STAGE.replica(true);
  private static final ECKey KEY = KeyFiles.newEc();
  private static final String THUMBPRINT = thumbprint();
  private static final String ARGUMENTS = "{\"case_id\":\"R-1\",\"amount_cents\":8000}";
  private static final String DETAILS =
      "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund\","
          + "\"instructedAmount\":{\"currency\":\"USD\",\"amount\":8000},"
          + "\"creditorAccount\":{\"identification\":\"R-1\"}}}]";

  /// One member of a proof that is spoilt, and what the answer says of it.
  static final Spoilt[] SPOILT = {
    new Spoilt("htm", claims -> claims.put("htm", "GET"), "`htm`"),
    new Spoilt("htu", claims -> claims.put("htu", "https://other.example/mcp"), "`htu`"),
    new Spoilt("path", claims -> claims.put("htu", STAGE.config.base() + "/tool"), "`htu`"),
    new Spoilt("ath", claims -> claims.put("ath", Digest.sha256("another")), "`ath`"),
    new Spoilt("no ath", claims -> claims.remove("ath"), "`ath`"),
    new Spoilt("old", claims -> claims.put("iat", Instant.now().getEpochSecond() - 600), "`iat`"),
    new Spoilt("early", claims -> claims.put("iat", Instant.now().getEpochSecond() + 600), "`iat`"),
    new Spoilt("no jti", claims -> claims.remove("jti"), "`jti`"),
  };

  record Spoilt(String what, Consumer<ObjectNode> change, String told) {
    @Override
    public String toString() {
      return what;
    }
  }

  private static String thumbprint() {
    try {
      return KEY.computeThumbprint().toString();
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  @BeforeEach
  void reset() {
    STAGE.reset();
    STAGE.state("DELETE FROM used_proof");
  }

  @AfterAll
  static void close() {
    OTHER.close();
    STAGE.close();
  }

  private static String token(Consumer<ObjectNode> change) {
    STAGE.sts.claims =
        claims -> {
          claims.putObject("act").put("sub", "agent");
          claims.putObject("cnf").put("jkt", THUMBPRINT);
          change.accept(claims);
        };
    Map<String, String> form =
        Map.of(
            "resource",
            STAGE.config.resource().toString(),
            "scope",
            "refund:write",
            "authorization_details",
            DETAILS);
    return STAGE.sts.permit(form).body().path("access_token").asString("");
  }

  private static String token() {
    return token(_ -> {});
  }

  private static String proof(ECKey key, String token, String nonce, Consumer<ObjectNode> change) {
    ObjectNode claims = StrictJson.object().put("jti", Ids.random()).put("htm", "POST");
    claims.put("htu", STAGE.config.base() + "/mcp").put("iat", Instant.now().getEpochSecond());
    claims.put("ath", Digest.sha256(token)).put("nonce", nonce);
    change.accept(claims);
    var header =
        new JWSHeader.Builder(JWSAlgorithm.ES256)
            .type(new JOSEObjectType("dpop+jwt"))
            .jwk(key.toPublicJWK())
            .build();
    var jws = new JWSObject(header, new Payload(StrictJson.write(claims)));
    try {
      jws.sign(new ECDSASigner(key));
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
    return jws.serialize();
  }

  private static Stage.Request call(String authorization) {
    return STAGE
        .modern("tools/call", Stage.call("process_refund", ARGUMENTS))
        .with("Authorization", authorization);
  }

  /// What a first proof without a nonce is answered with.
  private static String nonce() {
    String token = token();
    Stage.Answer asked =
        call("DPoP " + token).header("DPoP", proof(KEY, token, "", _ -> {})).send();
    assertThat(asked.status()).isEqualTo(401);
    assertThat(asked.header("WWW-Authenticate"))
        .startsWith("DPoP ")
        .contains("error=\"use_dpop_nonce\"", "algs=\"ES256", "resource_metadata=");
    return asked.header("DPoP-Nonce");
  }

  private static Stage.Answer send(String token, String proof) {
    return call("DPoP " + token).header("DPoP", proof).send();
  }

  private static void refused(Stage.Answer answer, String told) {
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text()).contains(told);
    assertThat(STAGE.broker.minted).isEmpty();
  }

  @Test
  void runsTheCallOfWhoeverProvesTheKey() {
    String token = token();

    Stage.Answer answer = send(token, proof(KEY, token, nonce(), _ -> {}));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.isError()).as(answer.text()).isFalse();
    assertThat(answer.header("DPoP-Nonce")).isNotEmpty();
    assertThat(STAGE.broker.tokens).containsExactly(token);
  }

  @ParameterizedTest
  @FieldSource("SPOILT")
  void refusesAProofThatIsForAnotherRequest(Spoilt spoilt) {
    String token = token();

    refused(send(token, proof(KEY, token, nonce(), spoilt.change())), spoilt.told());
  }

  @Test
  void refusesTheProofOfAnotherKey() {
    String token = token();

    refused(send(token, proof(KeyFiles.newEc(), token, nonce(), _ -> {})), "invalid_token");
  }

  @Test
  void refusesASecondUseAtEitherReplica() {
    String token = token();
    String proof = proof(KEY, token, nonce(), _ -> {});
    assertThat(send(token, proof).status()).isEqualTo(200);

    Stage.Answer again = send(token, proof);
    Stage.Answer elsewhere = call("DPoP " + token).header("DPoP", proof).at(OTHER).send();

    assertThat(again.status()).isEqualTo(401);
    assertThat(again.text()).contains("used before");
    assertThat(elsewhere.status()).isEqualTo(401);
    assertThat(elsewhere.text()).contains("used before");
    assertThat(STAGE.broker.minted).hasSize(1);
  }

  @Test
  void takesNoBoundTokenAsABearer() {
    String token = token();

    refused(call("Bearer " + token).send(), "invalid_token");
    refused(
        call("Bearer " + token).header("DPoP", proof(KEY, token, nonce(), _ -> {})).send(),
        "invalid_dpop_proof");
    refused(call("DPoP " + token).send(), "invalid_dpop_proof");
  }

  @Test
  void takesNoProofWithATokenThatIsNotBound() {
    String token = token(claims -> claims.remove("cnf"));

    refused(send(token, proof(KEY, token, nonce(), _ -> {})), "invalid_token");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x5t#S256", "kid", "jwk"})
  void takesNoBindingThatItCannotSeeProven(String member) {
    String token = token(claims -> claims.putObject("cnf").put(member, THUMBPRINT));
    refused(send(token, proof(KEY, token, nonce(), _ -> {})), "invalid_token");

    String both = token(claims -> claims.withObject("/cnf").put(member, THUMBPRINT));
    refused(send(both, proof(KEY, both, nonce(), _ -> {})), "invalid_token");
  }

  @Test
  void refusesTwoProofsAndOneThatIsNone() {
    String token = token();
    String nonce = nonce();
    Stage.Answer twice =
        call("DPoP " + token)
            .header("DPoP", proof(KEY, token, nonce, _ -> {}))
            .header("DPoP", proof(KEY, token, nonce, _ -> {}))
            .send();
    assertThat(twice.status()).isEqualTo(400);

    refused(send(token, "nonsense"), "invalid_dpop_proof");
    refused(send(token, "a.b.c"), "invalid_dpop_proof");
    refused(send(token, proof(KEY, token, "invented", _ -> {})), "use_dpop_nonce");
  }

  @Test
  void refusesAKilledPersonsBoundTokenInEveryMethod() {
    String token = token();
    String nonce = nonce();
    STAGE.sts.killed = true;

    for (String method : new String[] {"tools/list", "server/discover"}) {
      Stage.Answer answer =
          STAGE
              .modern(method, StrictJson.object())
              .with("Authorization", "DPoP " + token)
              .header("DPoP", proof(KEY, token, nonce, _ -> {}))
              .send();
      assertThat(answer.status()).as(method).isEqualTo(401);
    }
    refused(send(token, proof(KEY, token, nonce, _ -> {})), "invalid_token");
  }

  @Test
  void takesNothingElseWhereProofsAreRequired() {
    String unbound = token(claims -> claims.remove("cnf"));
    Stage.Answer bearer = call("Bearer " + unbound).at(OTHER).send();
    assertThat(bearer.status()).isEqualTo(401);
    assertThat(bearer.header("WWW-Authenticate")).startsWith("DPoP ");
    assertThat(call("Bearer " + unbound).send().status()).as("the other takes it").isEqualTo(200);

    String token = token();
    Stage.Answer proven =
        call("DPoP " + token).header("DPoP", proof(KEY, token, nonce(), _ -> {})).at(OTHER).send();
    assertThat(proven.status()).isEqualTo(200);
  }

  @Test
  void saysInItsMetadataWhatItTakes() {
    Stage.Request document =
        STAGE
            .request()
            .method("GET")
            .path("/.well-known/oauth-protected-resource/mcp")
            .without("Content-Type");

    ObjectNode here = document.send().json();
    ObjectNode there = document.at(OTHER).send().json();

    assertThat(here.path("dpop_signing_alg_values_supported").get(0).stringValue())
        .isEqualTo("ES256");
    assertThat(here.path("dpop_bound_access_tokens_required").booleanValue()).isFalse();
    assertThat(there.path("dpop_bound_access_tokens_required").booleanValue()).isTrue();
  }

  @Test
  void requiresProofsOnlyWhereAgentsBringTheirOwnTokens() {
    var border =
        new GatewayConfig.Border(
            STAGE.config.border().hosts(), STAGE.config.border().origins(), 64 * 1024, 32, true);

    assertThatThrownBy(() ->
            new GatewayConfig(
                STAGE.config.listener(),
                STAGE.config.base(),
                GatewayConfig.Mode.BOTH,
                "gateway",
                STAGE.config.upstreams(),
                STAGE.config.anchors(),
                STAGE.config.databases(),
                border))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dpop-required needs mode validate");
  }
}
