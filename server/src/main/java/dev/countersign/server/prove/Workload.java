package dev.countersign.server.prove;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.http.Wire;
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

/// A workload in the hands of an attacker, such as the MCP server: holds its key, and talks to the
/// other boxes directly.
public final class Workload {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Wire wire;
  private final String name;
  private final PresenterAssertion.Maker proof;
  private final URI sts;
  private final URI broker;

  public Workload(WireClient wire, ECKey gatewayKey, URI sts, URI broker, InstantSource clock) {
    this(wire, "gateway", gatewayKey, sts, broker, clock);
  }

  /// @param name whose key was taken
  public Workload(Wire wire, String name, ECKey key, URI sts, URI broker, InstantSource clock) {
    this.wire = wire;
    this.name = name;
    this.proof = new PresenterAssertion.Maker(name, key, clock);
    this.sts = sts;
    this.broker = broker;
  }

  /// Its registered name.
  public String name() {
    return name;
  }

  /// A fresh proof for one call to a box.
  public String assertion(URI box) {
    return proof.assertion(box.toString());
  }

  /// Exchanges a person's token as the gateway would.
  public WireClient.Answer exchange(
      Secret subjectToken, String tokenType, String scope, AuthorizationDetails details) {
    return exchange(subjectToken, tokenType, scope, "", details.canonical());
  }

  /// Exchanges a token for one audience.
  ///
  /// @param audience empty for the client's default
  /// @param details as text, so that it need not be well formed
  public WireClient.Answer exchange(
      Secret subjectToken, String tokenType, String scope, String audience, String details) {
    var form = client();
    form.put("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT);
    form.put("subject_token", subjectToken.reveal());
    form.put("subject_token_type", tokenType);
    form.put("scope", scope);
    if (!audience.isEmpty()) {
      form.put("audience", audience);
    }
    form.put("authorization_details", details);
    return token(form);
  }

  /// Sends any form to the token endpoint.
  public WireClient.Answer token(Map<String, String> form) {
    return wire.postForm(sts.resolve("/oauth2/token"), Map.of(), form, TIMEOUT);
  }

  /// Reads an approval that the challenge token opens.
  public ObjectNode approval(String id, Secret challenge) {
    return StrictJson.parseObject(showApproval(id, challenge).body());
  }

  /// The answer to the same.
  public WireClient.Answer showApproval(String id, Secret challenge) {
    return wire.get(
        verification(id, "?returnJwt=true"),
        Map.of("Authorization", "Bearer " + challenge.reveal()),
        TIMEOUT);
  }

  /// Passes a code on, as only clients that are registered for it may.
  public WireClient.Answer submitCode(String id, Secret challenge, String code) {
    return wire.send(
        "POST",
        verification(id, "?returnJwt=true"),
        Map.of("Authorization", "Bearer " + challenge.reveal(), "Content-Type", "application/json"),
        StrictJson.write(StrictJson.object().put("otp", code)),
        TIMEOUT);
  }

  private URI verification(String id, String query) {
    return sts.resolve("/v2.0/factors/emailotp/transient/verifications/" + id + query);
  }

  /// The second leg after an approval.
  public WireClient.Answer secondLeg(Secret assertion, String scope, AuthorizationDetails details) {
    return secondLeg(assertion, scope, "", details);
  }

  /// The same for one audience.
  ///
  /// @param audience empty for the client's default
  public WireClient.Answer secondLeg(
      Secret assertion, String scope, String audience, AuthorizationDetails details) {
    var form = client();
    form.put("grant_type", TokenTypes.JWT_BEARER_GRANT);
    form.put("assertion", assertion.reveal());
    form.put("scope", scope);
    if (!audience.isEmpty()) {
      form.put("audience", audience);
    }
    form.put("authorization_details", details.canonical());
    return token(form);
  }

  /// Asks the broker for a login.
  public WireClient.Answer mint(Secret obo, String role) {
    return mint(obo, role, assertion(broker), "{}");
  }

  /// Asks the broker for a login with any proof and body.
  ///
  /// @param proven the presenter's assertion; empty for none
  public WireClient.Answer mint(Secret obo, String role, String proven, String body) {
    var headers = new LinkedHashMap<String, String>();
    headers.put("X-Vault-Token", obo.reveal());
    headers.put("Content-Type", "application/json");
    if (!proven.isEmpty()) {
      headers.put(PresenterAssertion.HEADER, proven);
    }
    return wire.send(
        "POST", broker.resolve("/v1/verify-rar/creds/" + role), headers, body, TIMEOUT);
  }

  /// Gives a login back.
  public WireClient.Answer revoke(String leaseId) {
    return send(
        broker,
        "POST",
        "/v1/sys/leases/revoke",
        StrictJson.write(StrictJson.object().put("lease_id", leaseId)));
  }

  /// Any call to a box that takes a workload's proof.
  public WireClient.Answer send(URI box, String method, String path, String body) {
    return wire.send(
        method,
        URI.create(box + path),
        Map.of(PresenterAssertion.HEADER, assertion(box), "Content-Type", "application/json"),
        body,
        TIMEOUT);
  }

  /// The members by which it proves itself at the token endpoint.
  public Map<String, String> client() {
    var form = new LinkedHashMap<String, String>();
    form.put("client_id", name);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("client_assertion", assertion(sts));
    return form;
  }

  /// The same token with other claims and the old signature.
  public static Secret forged(Secret token, Consumer<ObjectNode> change) {
    String[] parts = token.reveal().split("\\.", -1);
    ObjectNode claims = claims(token);
    change.accept(claims);
    return new Secret(parts[0] + "." + encoded(claims) + "." + parts[2]);
  }

  /// The same claims under another header and signature.
  public static Secret resealed(Secret token, ObjectNode header, String signature) {
    String[] parts = token.reveal().split("\\.", -1);
    return new Secret(encoded(header) + "." + parts[1] + "." + signature);
  }

  private static String encoded(ObjectNode json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(StrictJson.write(json).getBytes(StandardCharsets.UTF_8));
  }

  /// What a token says, unverified.
  public static ObjectNode claims(Secret token) {
    return StrictJson.parseObject(
        Base64.getUrlDecoder().decode(token.reveal().split("\\.", -1)[1]));
  }
}
