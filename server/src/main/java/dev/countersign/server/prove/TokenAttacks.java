package dev.countersign.server.prove;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.http.WireClient;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// What a person's token and an on-behalf-of token cannot be made into.
final class TokenAttacks {
  /// What boxes grant each other for clocks that differ.
  private static final Duration LEEWAY = Duration.ofSeconds(10);

  private static final Duration SHORT = Duration.ofSeconds(3);
  private static final int TRIES = 5;

  private final Tenant tenant;
  private final WireClient wire;
  private final InstantSource clock;
  private final Secret shortLived;
  private final Instant asked;

  /// Gets a token that has expired by the time it is needed.
  TokenAttacks(Tenant tenant, WireClient wire, InstantSource clock) {
    this.tenant = tenant;
    this.wire = wire;
    this.clock = clock;
    this.shortLived = shortLived(tenant);
    this.asked = clock.instant();
  }

  // A token that would be dead before it is handed out is refused, as on a machine under load.
  private static Secret shortLived(Tenant tenant) {
    WireClient.@Nullable Answer answer = null;
    for (int i = 0; i < TRIES && (answer == null || answer.status() != 200); i++) {
      answer =
          tenant
              .outsider()
              .exchange(
                  tenant.bearer(),
                  tenant.tokenType(),
                  tenant.scope(),
                  tenant.audience(),
                  Writes.small().details().canonical());
    }
    return Answers.token(Objects.requireNonNull(answer));
  }

  Property property() {
    return new Property(
        "token-is-exact",
        "A forged, widened, swapped, replayed, expired or foreign-audience token, or one presented by"
            + " a workload that the role does not name, is refused.",
        "somebody with a valid bearer, a stolen on-behalf-of token, or a workload's key",
        this::play);
  }

  private void play(Scene scene) {
    forgedBearers(scene);
    forgedTokens(scene);
    presented(scene);
    replayed(scene);
    expired(scene);
  }

  private void forgedBearers(Scene scene) {
    Secret forged = Workload.forged(tenant.bearer(), claims -> claims.put("name", "Somebody Else"));
    Secret unsigned = unsigned(tenant.bearer());
    scene.refused(
        "A01",
        "gateway",
        "the person's token with a changed claim",
        "401",
        () -> atGateway(forged));
    scene.refused(
        "A01", "gateway", "the person's token with alg none", "401", () -> atGateway(unsigned));
    scene.refused(
        "A01",
        "sts",
        "the person's token with a changed claim",
        "400, the signature does not verify",
        () -> exchange(forged),
        Answers.refusal("the signature does not verify", 400));
    scene.refused(
        "A01",
        "sts",
        "the person's token with alg none",
        "400, `alg`",
        () -> exchange(unsigned),
        Answers.refusal("`alg`", 400));
    scene.refused(
        "A02",
        "sts",
        "the person's token signed with HMAC and the text of our public keys",
        "400, `alg`",
        () -> exchange(keyedWith(tenant.bearer(), publicKeys())),
        Answers.refusal("`alg`", 400));
  }

  private void forgedTokens(Scene scene) {
    Writes asked = Writes.small();
    Secret obo = tenant.obo(asked);
    Secret wider =
        Workload.forged(
            obo,
            claims ->
                ((ObjectNode) claims.at("/authorization_details/0/operationDetails"))
                    .put("amount", 8_000));
    String signature = "the signature does not verify";
    broker(scene, "D12", "a genuine token whose amount was raised a hundredfold", signature, wider);
    broker(scene, "A01", "a genuine token with alg none", "`alg`", unsigned(obo));
    broker(
        scene,
        "A02",
        "a genuine token re-signed with HMAC and our public keys",
        "`alg`",
        keyedWith(obo, publicKeys()));
    broker(
        scene,
        "A15",
        "the person's own token instead of an on-behalf-of token",
        "`typ`",
        tenant.bearer());
    String id = Workload.claims(obo).path("jti").asString("");
    ObjectNode swapped = StrictJson.object();
    swapped.putObject("claims").put("jti", id).set("authorization_details", asked.of(79).json());
    scene.refused(
        "H03",
        "broker",
        "a body that claims another request than the token",
        "400 or 403, `claims` must equal",
        () ->
            tenant
                .client()
                .mint(
                    obo,
                    tenant.role(),
                    tenant.client().assertion(tenant.broker()),
                    StrictJson.write(swapped)),
        Answers.refusal("claims", 400, 403));
    scene.control(
        "sts",
        "the on-behalf-of token exchanged on by the next agent, for a smaller amount",
        "200, a token",
        () -> {
          WireClient.Answer answer = again(obo, asked.of(asked.amount() - 1));
          return new Scene.Seen(
              Answers.grants(answer), answer.status() + " " + Answers.text(answer));
        });
    scene.refused(
        "C06",
        "sts",
        "the on-behalf-of token exchanged on by the next agent, for a larger amount",
        "400, not within",
        () -> again(obo, asked.of(asked.amount() + 1)),
        Answers.refusal("invalid_authorization_details", 400));
  }

  private WireClient.Answer again(Secret obo, Writes asked) {
    return tenant
        .outsider()
        .exchange(
            obo,
            TokenTypes.ACCESS_TOKEN_URN,
            tenant.scope(),
            tenant.audience(),
            asked.details().canonical());
  }

  private void broker(Scene scene, String attack, String tried, String reason, Secret token) {
    scene.refused(
        attack,
        "broker",
        tried,
        "403, " + reason,
        () -> tenant.client().mint(token, tenant.role()),
        Answers.refusal(reason, 403));
  }

  private void presented(Scene scene) {
    Secret other = tenant.obo(Writes.small(), tenant.otherAudience());
    broker(scene, "H05", "a genuine token for another audience", "`aud`", other);
    Secret obo = tenant.obo(Writes.small());
    scene.refused(
        "H05",
        "broker",
        "a stolen token, presented by a workload that the role does not name",
        "403, this workload may not present",
        () -> tenant.outsider().mint(obo, tenant.role()),
        Answers.refusal("may not present", 403));
    scene.refused(
        "H05",
        "broker",
        "a stolen token without a presenter's proof",
        "403, prove who presents it",
        () -> tenant.client().mint(obo, tenant.role(), "", "{}"),
        Answers.refusal("prove who presents", 403));
    String proof = tenant.client().assertion(tenant.broker());
    scene.control(
        "broker",
        "the same token, presented by the workload that the role names",
        "200 and a login",
        () -> granted(tenant.client().mint(obo, tenant.role(), proof, "{}")));
    Secret second = tenant.obo(Writes.small());
    scene.refused(
        "E01",
        "broker",
        "another token with a proof that was used before",
        "403, used before",
        () -> tenant.client().mint(second, tenant.role(), proof, "{}"),
        Answers.refusal("assertion: it was used before", 403));
    Secret unmapped = tenant.obo(Writes.unmapped());
    broker(
        scene, "H03", "a permitted request that the role does not map", "RAR_NO_MATCH", unmapped);
  }

  private void replayed(Scene scene) {
    Secret obo = tenant.obo(Writes.small());
    WireClient.Answer first = tenant.client().mint(obo, tenant.role());
    String lease = Answers.body(first).path("lease_id").asString("");
    tenant.client().revoke(lease);
    broker(scene, "H04", "a token whose one login was used and given back", "used before", obo);
    var replay = tenant.client().client();
    scene.refused(
        "E01",
        "sts",
        "a client's proof that was used before",
        "401, used before",
        () -> {
          replay.put("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT);
          replay.put("subject_token", tenant.bearer().reveal());
          replay.put("subject_token_type", tenant.tokenType());
          replay.put("scope", tenant.scope());
          replay.put("audience", tenant.audience());
          replay.put("authorization_details", Writes.small().details().canonical());
          tenant.client().token(replay);
          return tenant.client().token(replay);
        },
        Answers.refusal("used before", 401));
  }

  private void expired(Scene scene) {
    Instant dead = asked.plus(SHORT).plus(LEEWAY);
    while (clock.instant().isBefore(dead)) {
      LockSupport.parkNanos(Duration.between(clock.instant(), dead).toNanos());
    }
    scene.refused(
        "A12",
        "broker",
        "a genuine token that lived for three seconds at most",
        "403, `exp` has passed",
        () -> tenant.client().mint(shortLived, tenant.role()),
        Answers.refusal("`exp`", 403));
  }

  private WireClient.Answer exchange(Secret subjectToken) {
    return tenant
        .client()
        .exchange(
            subjectToken,
            tenant.tokenType(),
            tenant.scope(),
            tenant.audience(),
            Writes.small().details().canonical());
  }

  private Scene.Seen atGateway(Secret bearer) {
    var agent = new McpClient(new HttpTransport(tenant.gateway()));
    CallOutcome outcome = agent.callTool(bearer, tenant.tool(), StrictJson.object());
    return new Scene.Seen(
        outcome instanceof CallOutcome.SignInRequired, Answers.shown(outcome.forModel()));
  }

  private static Scene.Seen granted(WireClient.Answer answer) {
    return new Scene.Seen(
        answer.status() == 200 && Answers.grants(answer),
        answer.status() == 200 ? "200, a login" : answer.status() + " " + Answers.text(answer));
  }

  private static Secret unsigned(Secret token) {
    return Workload.resealed(
        token,
        StrictJson.object().put("alg", "none").put("typ", "at+jwt"),
        token.reveal().substring(token.reveal().lastIndexOf('.') + 1));
  }

  private String publicKeys() {
    return wire.get(tenant.sts().resolve("/oauth2/jwks"), Map.of(), Duration.ofSeconds(10)).text();
  }

  private static Secret keyedWith(Secret token, String key) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      ObjectNode header = StrictJson.object().put("alg", "HS256").put("typ", "at+jwt");
      Secret open = Workload.resealed(token, header, "");
      String input = open.reveal().substring(0, open.reveal().length() - 1);
      String signature =
          Base64.getUrlEncoder()
              .withoutPadding()
              .encodeToString(mac.doFinal(input.getBytes(StandardCharsets.US_ASCII)));
      return new Secret(input + "." + signature);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }
}
