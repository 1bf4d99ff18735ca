package dev.countersign.server.prove;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// Reads answers of boxes for a report: whether one is the refusal that was claimed, and what it
/// says. Nothing that is shaped like a token gets through.
final class Answers {
  private static final Pattern TOKEN = Pattern.compile("eyJ[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]*)*");
  private static final int LONGEST = 160;

  private Answers() {}

  /// A refusal with one of these statuses, whose text names the reason.
  ///
  /// @param reason what the text must hold; empty for any
  static Function<WireClient.Answer, Scene.Seen> refusal(String reason, Integer... statuses) {
    List<Integer> expected = List.of(statuses);
    return answer -> {
      String text = text(answer);
      boolean refused = expected.contains(answer.status()) && !grants(answer);
      return new Scene.Seen(
          refused && text.contains(reason), shown(answer.status() + " " + text(answer)));
    };
  }

  /// Whether an answer hands something out.
  static boolean grants(WireClient.Answer answer) {
    ObjectNode body = body(answer);
    return body.has("access_token") || body.path("data").has("password");
  }

  /// The on-behalf-of token of an exchange.
  ///
  /// @throws IllegalStateException if there is none
  static Secret token(WireClient.Answer answer) {
    ObjectNode body = body(answer);
    if (answer.status() != 200
        || !body.has("access_token")
        || body.path("scope").asString("").equals("mfa_challenge")) {
      throw new IllegalStateException(
          "the sts does not permit what the test tenant needs: " + shown(text(answer)));
    }
    return new Secret(body.path("access_token").stringValue());
  }

  /// The answer as an object, empty if it is none.
  static ObjectNode body(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException other) {
      return StrictJson.object();
    }
  }

  /// What an answer says, in one line.
  static String text(WireClient.Answer answer) {
    ObjectNode body = body(answer);
    String code = body.path("error").asString("");
    String why = body.path("error_description").asString(body.path("err").asString(""));
    if (code.isEmpty() && why.isEmpty()) {
      why = body.path("errors").path(0).asString(body.path("description").asString(""));
    }
    return (code + (code.isEmpty() || why.isEmpty() ? "" : ": ") + why).strip();
  }

  /// A text as a report may have it: one line, short, without tokens.
  static String shown(String text) {
    String line = TOKEN.matcher(text.lines().findFirst().orElse("")).replaceAll("(token)").strip();
    return line.length() > LONGEST ? line.substring(0, LONGEST) + "…" : line;
  }
}
