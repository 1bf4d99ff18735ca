package dev.countersign.idp;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// The parameters of an authorization request, each at most once, empty ones left out.
public record AuthorizationParameters(Map<String, String> values) {
  public AuthorizationParameters {
    values = Map.copyOf(values);
  }

  /// A parameter, or empty.
  public String text(String name) {
    return values.getOrDefault(name, "");
  }

  /// The scopes in their order.
  public List<String> scopes() {
    return scopes(text("scope"));
  }

  /// The values of a scope parameter in their order.
  public static List<String> scopes(String scope) {
    return Arrays.stream(scope.split(" ")).filter(s -> !s.isEmpty()).distinct().toList();
  }

  /// Where the answer goes.
  public AuthorizationRequest.Reply reply(String issuer) {
    return new AuthorizationRequest.Reply(
        text("redirect_uri"),
        values.get("state"),
        issuer,
        text("response_mode").equals("fragment"));
  }

  /// Whether the answer can be given in the way that is asked for.
  public boolean hasKnownResponseMode() {
    return List.of("", "query", "fragment").contains(text("response_mode"));
  }

  /// `max_age` in seconds; negative where there is none.
  public long maxAge() {
    String text = text("max_age");
    return text.matches("\\d{1,9}") ? Long.parseLong(text) : -1;
  }

  /// The request that these parameters make once they are checked.
  public AuthorizationRequest request(String server, PublicClient client, String issuer) {
    return new AuthorizationRequest(
        server,
        client,
        reply(issuer),
        scopes(),
        values.get("nonce"),
        text("code_challenge"),
        text("prompt"),
        text("login_hint"),
        maxAge(),
        strengths());
  }

  private List<String> strengths() {
    var asked = new ArrayList<>(scopes(text("acr_values")));
    if (!text("claims").isEmpty()) {
      try {
        JsonNode acrs = StrictJson.parseObject(text("claims")).path("id_token").path("acrs");
        asked.add(acrs.path("value").asString(""));
        acrs.path("values").forEach(value -> asked.add(value.asString("")));
      } catch (MalformedJsonException malformed) {
        // Nothing can be asked for by what is no JSON.
      }
    }
    return asked.stream().filter(one -> !one.isEmpty()).distinct().toList();
  }
}
