package dev.countersign.sts;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Anything at the token endpoint, over its socket: an answer that is one of the protocol, never a
/// fault, and a token only where the request stayed a good one.
public final class TokenEndpointFuzzer {
  private static final World WORLD = new World();
  private static final List<String> NAMES =
      List.of(
          "grant_type",
          "subject_token",
          "subject_token_type",
          "actor_token",
          "actor_token_type",
          "requested_token_type",
          "client_assertion",
          "client_assertion_type",
          "client_id",
          "client_secret",
          "assertion",
          "scope",
          "resource",
          "audience",
          "authorization_details");

  private TokenEndpointFuzzer() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    WORLD.ledger.clear();
    Map<String, String> form =
        new LinkedHashMap<>(WORLD.exchangeForm(WORLD.token(WORLD.person()), World.refund(100)));
    if (data.consumeBoolean()) {
      form.put("grant_type", TokenTypes.JWT_BEARER_GRANT);
    }
    String name = data.pickValue(NAMES);
    String before = form.get(name);
    String value =
        switch (data.consumeInt(0, 2)) {
          case 0 -> data.consumeRemainingAsString();
          case 1 -> inside(before == null ? "" : before, data);
          default -> (before == null ? "" : before) + data.consumeRemainingAsString();
        };
    form.put(name, value);
    check(WORLD.post(form));
  }

  private static String inside(String text, FuzzedDataProvider data) {
    int from = data.consumeInt(0, text.length());
    int to = data.consumeInt(from, text.length());
    return text.substring(0, from) + data.consumeRemainingAsString() + text.substring(to);
  }

  private static void check(World.Answer answer) {
    if (answer.status() >= 500 || answer.status() < 200) {
      throw new AssertionError("answer " + answer.status() + ": " + answer.body());
    }
    if (answer.body().isEmpty()) {
      return;
    }
    StrictJson.parseObject(answer.body().getBytes(StandardCharsets.UTF_8));
    if (answer.status() != 200 && answer.json().has("access_token")) {
      throw new AssertionError("a token in a refusal");
    }
    if (answer.status() == 200 && WORLD.ledger.isEmpty()) {
      throw new AssertionError("a token that is not in the ledger");
    }
  }
}
