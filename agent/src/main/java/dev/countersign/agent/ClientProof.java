package dev.countersign.agent;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TokenTypes;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;

/// How an agent proves at the token service which client it is. Threads may share it.
@FunctionalInterface
public interface ClientProof {

  /// Adds the proof to one request.
  void add(Map<String, String> headers, Map<String, String> form);

  /// `private_key_jwt`: a fresh assertion for each request.
  ///
  /// @param issuer the token service's, exactly as it knows itself
  /// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523 §2.2
  static ClientProof key(String clientId, JWK privateKey, URI issuer, InstantSource clock) {
    var assertions = new PresenterAssertion.Maker(clientId, privateKey, clock);
    return (_, form) -> {
      form.put("client_id", clientId);
      form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
      form.put("client_assertion", assertions.assertion(issuer.toString()));
    };
  }

  /// `client_secret_basic`.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749 §2.3.1
  static ClientProof secret(String clientId, Secret secret) {
    return (headers, _) -> {
      String pair = encode(clientId) + ":" + encode(secret.reveal());
      headers.put(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII)));
    };
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
