package dev.countersign.server.demo;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// A person's sign-in at their identity provider: authorization code with PKCE, through the
/// provider's own login page.
///
/// @param issuer the provider's issuer, whose discovery document names the endpoints
/// @param clientId a public client
/// @param redirectUri a registered redirect address of that client
/// @param scope what the client asks for
/// @spec https://www.rfc-editor.org/rfc/rfc7636 RFC 7636
record SignIn(URI issuer, String clientId, String redirectUri, String scope) {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /// Signs a person in and returns their tokens.
  ///
  /// @throws IllegalStateException if the provider does not let them in
  Session with(Browser browser, WireClient wire, String username, Secret password) {
    ObjectNode discovery = discovery(wire);
    String verifier = Ids.random() + Ids.random();
    String state = Ids.random();
    URI authorize =
        URI.create(
            discovery.path("authorization_endpoint").stringValue()
                + "?response_type=code&client_id="
                + encode(clientId)
                + "&redirect_uri="
                + encode(redirectUri)
                + "&scope="
                + encode(scope)
                + "&state="
                + state
                + "&nonce="
                + Ids.random()
                + "&code_challenge_method=S256&code_challenge="
                + Digest.sha256(verifier));
    Browser.Page page = browser.open(authorize, redirectUri);
    if (page.status() == 200) {
      page =
          browser.submit(
              page, Map.of("username", username, "password", password.reveal()), redirectUri);
    }
    if (!state.equals(page.parameter("state").orElse(""))) {
      throw new IllegalStateException("the identity provider did not sign the person in");
    }
    var answer =
        wire.postForm(
            tokenEndpoint(discovery),
            Map.of(),
            Map.of(
                "grant_type",
                "authorization_code",
                "client_id",
                clientId,
                "code",
                page.parameter("code").orElse(""),
                "redirect_uri",
                redirectUri,
                "code_verifier",
                verifier),
            TIMEOUT);
    if (answer.status() != 200) {
      throw new IllegalStateException("the identity provider refused the code");
    }
    ObjectNode tokens = StrictJson.parseObject(answer.body());
    return new Session(
        new Secret(tokens.path("access_token").stringValue()),
        new Secret(tokens.path("refresh_token").asString("")));
  }

  /// Whether a refresh token still works at the provider.
  boolean isAlive(WireClient wire, Secret refreshToken) {
    var answer =
        wire.postForm(
            tokenEndpoint(discovery(wire)),
            Map.of(),
            Map.of(
                "grant_type",
                "refresh_token",
                "client_id",
                clientId,
                "refresh_token",
                refreshToken.reveal(),
                "scope",
                scope),
            TIMEOUT);
    return answer.status() == 200;
  }

  private ObjectNode discovery(WireClient wire) {
    URI address = URI.create(issuer + "/.well-known/openid-configuration");
    return StrictJson.parseObject(wire.get(address, Map.of(), TIMEOUT).body());
  }

  private static URI tokenEndpoint(ObjectNode discovery) {
    return URI.create(discovery.path("token_endpoint").stringValue());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// What the person's agent holds after sign-in.
  record Session(Secret accessToken, Secret refreshToken) {}
}
