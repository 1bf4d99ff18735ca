package dev.countersign.server.demo;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// Somebody who took over a workload, such as the MCP server: holds its key, and talks to the other
/// boxes directly.
final class Attacker {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final WireClient wire;
  private final String workload;
  private final PresenterAssertion.Maker proof;
  private final URI sts;
  private final URI broker;

  Attacker(WireClient wire, ECKey gatewayKey, URI sts, URI broker, InstantSource clock) {
    this(wire, "gateway", gatewayKey, sts, broker, clock);
  }

  /// @param workload whose key was taken
  Attacker(WireClient wire, String workload, ECKey key, URI sts, URI broker, InstantSource clock) {
    this.wire = wire;
    this.workload = workload;
    this.proof = new PresenterAssertion.Maker(workload, key, clock);
    this.sts = sts;
    this.broker = broker;
  }

  /// Exchanges a person's token as the gateway would.
  WireClient.Answer exchange(
      Secret subjectToken, String tokenType, String scope, AuthorizationDetails details) {
    var form = client();
    form.put("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT);
    form.put("subject_token", subjectToken.reveal());
    form.put("subject_token_type", tokenType);
    form.put("scope", scope);
    form.put("authorization_details", details.canonical());
    return wire.postForm(sts.resolve("/oauth2/token"), Map.of(), form, TIMEOUT);
  }

  /// Reads an approval that the challenge token opens.
  ObjectNode approval(String id, Secret challenge) {
    URI address =
        sts.resolve("/v2.0/factors/emailotp/transient/verifications/" + id + "?returnJwt=true");
    return StrictJson.parseObject(
        wire.get(address, Map.of("Authorization", "Bearer " + challenge.reveal()), TIMEOUT).body());
  }

  /// The second leg after an approval.
  WireClient.Answer secondLeg(Secret assertion, String scope, AuthorizationDetails details) {
    var form = client();
    form.put("grant_type", TokenTypes.JWT_BEARER_GRANT);
    form.put("assertion", assertion.reveal());
    form.put("scope", scope);
    form.put("authorization_details", details.canonical());
    return wire.postForm(sts.resolve("/oauth2/token"), Map.of(), form, TIMEOUT);
  }

  /// Asks the broker for a login.
  WireClient.Answer mint(Secret obo, String role) {
    return wire.send(
        "POST",
        broker.resolve("/v1/verify-rar/creds/" + role),
        Map.of(
            "X-Vault-Token",
            obo.reveal(),
            PresenterAssertion.HEADER,
            proof.assertion(broker.toString()),
            "Content-Type",
            "application/json"),
        "{}",
        TIMEOUT);
  }

  /// Gives a login back.
  WireClient.Answer revoke(String leaseId) {
    return wire.send(
        "POST",
        broker.resolve("/v1/sys/leases/revoke"),
        Map.of(
            PresenterAssertion.HEADER,
            proof.assertion(broker.toString()),
            "Content-Type",
            "application/json"),
        StrictJson.write(StrictJson.object().put("lease_id", leaseId)),
        TIMEOUT);
  }

  /// The same token with other claims and the old signature.
  static Secret forged(Secret token, Consumer<ObjectNode> change) {
    String[] parts = token.reveal().split("\\.", -1);
    ObjectNode claims = claims(token);
    change.accept(claims);
    String payload =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(StrictJson.write(claims).getBytes(StandardCharsets.UTF_8));
    return new Secret(parts[0] + "." + payload + "." + parts[2]);
  }

  /// What a token says, unverified.
  static ObjectNode claims(Secret token) {
    return StrictJson.parseObject(
        Base64.getUrlDecoder().decode(token.reveal().split("\\.", -1)[1]));
  }

  private Map<String, String> client() {
    var form = new LinkedHashMap<String, String>();
    form.put("client_id", workload);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("client_assertion", proof.assertion(sts.toString()));
    return form;
  }
}
