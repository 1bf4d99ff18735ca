package dev.countersign.idp;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.RemoteKeySet;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// A public client that signs people in with code and PKCE, and everything a test asks afterwards.
final class AppUnderTest {
  static final Duration TIMEOUT = Duration.ofSeconds(30);
  static final WireClient WIRE = new WireClient();

  private final String endpoints;
  private final String clientId;
  final ScriptedBrowser browser = new ScriptedBrowser();
  final String verifier = Ids.base62(64);

  /// @param endpoints what `/authorize` and `/token` follow
  AppUnderTest(String endpoints, String clientId) {
    this.endpoints = endpoints;
    this.clientId = clientId;
  }

  Map<String, String> request(String scope) {
    var request = new LinkedHashMap<String, String>();
    request.put("client_id", clientId);
    request.put("redirect_uri", People.CALLBACK);
    request.put("response_type", "code");
    request.put("scope", scope);
    request.put("state", "the-state");
    request.put("nonce", "the-nonce");
    request.put("code_challenge", Digest.sha256(verifier));
    request.put("code_challenge_method", "S256");
    return request;
  }

  URI authorize(Map<String, String> request) {
    return URI.create(
        endpoints
            + "/authorize?"
            + request.entrySet().stream()
                .map(
                    p -> p.getKey() + "=" + URLEncoder.encode(p.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&")));
  }

  Map<String, String> signIn(Person person, String scope) {
    return browser.signIn(authorize(request(scope)), person.username(), person.password());
  }

  String code(Person person, String scope) {
    return code(signIn(person, scope));
  }

  static String code(Map<String, String> redirect) {
    return Objects.requireNonNull(redirect.get("code"), "no code");
  }

  ObjectNode tokens(Person person, String scope) {
    WireClient.Answer answer = redeem(code(person, scope));
    if (answer.status() != 200) {
      throw new AssertionError("the token endpoint refused: " + answer.text());
    }
    return StrictJson.parseObject(answer.body());
  }

  Map<String, String> redemption(String code) {
    var form = new HashMap<String, String>();
    form.put("grant_type", "authorization_code");
    form.put("client_id", clientId);
    form.put("code", code);
    form.put("redirect_uri", People.CALLBACK);
    form.put("code_verifier", verifier);
    return form;
  }

  WireClient.Answer redeem(String code) {
    return token(redemption(code));
  }

  WireClient.Answer refresh(String refreshToken) {
    return token(
        Map.of(
            "grant_type", "refresh_token", "client_id", clientId, "refresh_token", refreshToken));
  }

  WireClient.Answer token(Map<String, String> form) {
    return post("/token", form);
  }

  WireClient.Answer post(String path, Map<String, String> form) {
    return WIRE.postForm(URI.create(endpoints + path), Map.of(), form, TIMEOUT);
  }

  static ObjectNode json(WireClient.Answer answer) {
    return StrictJson.parseObject(answer.body());
  }

  static WireClient.Answer get(String address, Map<String, String> headers) {
    return WIRE.get(URI.create(address), headers, TIMEOUT);
  }

  static ObjectNode header(String token) {
    return part(token, 0);
  }

  static ObjectNode claims(String token) {
    return part(token, 1);
  }

  private static ObjectNode part(String token, int index) {
    return StrictJson.parseObject(Base64.getUrlDecoder().decode(token.split("\\.", -1)[index]));
  }

  /// What a third party finds who fetches the issuer's published keys.
  static JwtCheck verify(
      String token, String issuer, String audience, String type, String keys, InstantSource clock) {
    var rules =
        new JwtRules(
            issuer,
            Set.of(audience),
            Set.of(type),
            Set.of("RS256"),
            Duration.ofSeconds(10),
            Duration.ZERO);
    return new JwtVerifier(rules, new RemoteKeySet(URI.create(keys), WIRE, clock), clock)
        .verify(token);
  }
}
