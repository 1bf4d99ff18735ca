package dev.countersign.bench;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes exchange requests: people of an issuer of the bench's own (RS256), and a client assertion
/// that is new for each request.
final class TokenRequests {
  static final String AUDIENCE = "api://bench";
  static final String TOKEN_TYPE = "urn:bench:token-type:user-jwt";
  static final String RESOURCE = "https://bench.example/mcp";
  private static final String EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
  private static final String ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  private static final int MOST_DIFFERENT = 4_999;
  private static final int DETAILS_CASES = 9_999;

  private final InstantSource clock;
  private final RSAKey issuerKey = KeyFiles.newRsa();
  private final ECKey clientKey = KeyFiles.newEc();
  private final RSAKey clientRsaKey = KeyFiles.newRsa();
  private final Map<Proof, List<PresenterAssertion.Maker>> makers = new EnumMap<>(Proof.class);
  private List<String> subjectTokens = List.of();
  private final String issuer;
  private final int people;
  private final int clients;

  /// @param issuer the issuer of the subject tokens
  /// @param people how many different ones ask
  /// @param clients how many different ones ask for them; they share their keys
  TokenRequests(String issuer, int people, int clients, InstantSource clock) {
    this.issuer = issuer;
    this.people = people;
    this.clients = clients;
    this.clock = clock;
  }

  RSAKey issuerKey() {
    return issuerKey;
  }

  /// How each client is registered: all with the same two keys.
  String registration() {
    ObjectNode json = StrictJson.object().put("label", "Bench").put("token-lifetime", 60);
    json.putArray("anchors").add("bench");
    json.putArray("types").add("urn:smt:agent:refund");
    json.putArray("scopes").add("refund:write");
    json.putArray("audiences").add(RESOURCE);
    json.put("auth", "private_key_jwt");
    var keys = json.putArray("keys");
    for (JsonNode key : KeyFiles.publicSet(List.of(clientKey, clientRsaKey)).path("keys")) {
      keys.addObject().set("jwk", key);
    }
    return StrictJson.write(json);
  }

  static String client(int number) {
    return "client-" + number;
  }

  static String person(int number) {
    return "p" + number;
  }

  /// Requests for one token endpoint, spread over people and clients.
  List<byte[]> make(URI endpoint, URI server, int count, Proof proof) {
    if (subjectTokens.isEmpty()) {
      subjectTokens = subjectTokens();
    }
    List<PresenterAssertion.Maker> clientsOfProof = makers.computeIfAbsent(proof, this::makers);
    String audience = server.toString();
    return IntStream.range(0, count)
        .parallel()
        .mapToObj(i ->
            RawConnection.post(
                endpoint,
                form(
                    subjectTokens.get(i % subjectTokens.size()),
                    clientsOfProof.get(i % clientsOfProof.size()).assertion(audience),
                    i)))
        .toList();
  }

  private List<PresenterAssertion.Maker> makers(Proof proof) {
    JWK key =
        switch (proof) {
          case ES256 -> clientKey;
          case RS256 -> clientRsaKey;
        };
    return IntStream.range(0, Math.min(clients, MOST_DIFFERENT))
        .mapToObj(
            i -> new PresenterAssertion.Maker(client((int) (i * 7_919L % clients)), key, clock))
        .toList();
  }

  private List<String> subjectTokens() {
    var signer = new JwtSigner(issuerKey);
    long now = clock.instant().getEpochSecond();
    return IntStream.range(0, Math.min(people, MOST_DIFFERENT))
        .parallel()
        .mapToObj(i -> {
          var claims = StrictJson.object();
          claims.put("iss", issuer).put("aud", AUDIENCE).put("jti", Ids.random());
          claims.put("sub", person((int) ((i * 104_729L) % people)));
          claims.put("iat", now).put("exp", now + 3_600);
          claims.put("auth_time", now - 60).put("email", "someone@bench.example");
          return signer.sign("JWT", claims);
        })
        .toList();
  }

  private static String form(String subjectToken, String assertion, int number) {
    String details =
        "[{\"type\":\"urn:smt:agent:refund\",\"operationDetails\":{\"action\":\"process_refund\","
            + "\"instructedAmount\":{\"currency\":\"USD\",\"amount\":"
            + (100 + number % 4_900)
            + "},\"creditorAccount\":{\"identification\":\"R-884-"
            + String.format("%04d", number % DETAILS_CASES)
            + "\"}}}]";
    return "grant_type="
        + encoded(EXCHANGE)
        + "&subject_token="
        + subjectToken
        + "&subject_token_type="
        + encoded(TOKEN_TYPE)
        + "&client_assertion_type="
        + encoded(ASSERTION)
        + "&client_assertion="
        + assertion
        + "&scope="
        + encoded("refund:write")
        + "&resource="
        + encoded(RESOURCE)
        + "&authorization_details="
        + encoded(details);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.US_ASCII);
  }

  /// How clients sign their assertions.
  enum Proof {
    ES256,
    RS256
  }
}
