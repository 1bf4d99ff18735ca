package dev.countersign.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// What people are told, alike in all languages (`agents/vectors/words.json`).
class InWordsTest {
  static Stream<Named<JsonNode>> words() throws IOException {
    String text = Files.readString(Path.of("..", "agents", "vectors", "words.json"));
    return StreamSupport.stream(StrictJson.parseObject(text).path("cases").spliterator(), false)
        .map(one -> Named.of(one.path("name").stringValue(), one));
  }

  @ParameterizedTest
  @MethodSource("words")
  void tellsThePerson(JsonNode one) {
    assertThat(InWords.of(failure(one))).isEqualTo(one.path("words").stringValue());
  }

  private static Throwable failure(JsonNode one) {
    return switch (one.path("kind").stringValue()) {
      case "sign_in_required" -> new SignInRequiredException(Optional.empty());
      case "unavailable" -> new UnavailableException("the database", null);
      case "cancelled" -> new IllegalStateException(new CancellationException());
      case "no_template" ->
          new TemplateException(
              TemplateException.Problem.NO_TEMPLATE, one.path("message").stringValue());
      case "timeout" -> new IllegalStateException("sk-1", new HttpTimeoutException("sk-1"));
      case "connection" -> new IllegalStateException("sk-1", new ConnectException("sk-1"));
      case "status" ->
          new IllegalStateException(new AnsweredException(one.path("status").intValue()));
      case "unknown" -> new IllegalArgumentException("sk-1");
      default -> throw new IllegalArgumentException(one.toString());
    };
  }

  /// As the libraries of model providers throw it.
  public static final class AnsweredException extends RuntimeException {
    private final int code;

    AnsweredException(int code) {
      super("key sk-1 is wrong");
      this.code = code;
    }

    public int statusCode() {
      return code;
    }
  }
}
