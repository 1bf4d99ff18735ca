package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LogsTest {
  private final LoggerContext context = new LoggerContext();

  @Test
  void writesOneLineForPeople() {
    assertThat(human("sts listens", null))
        .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO  Room: sts listens\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\r\n12:00:00.000 INFO  Room: forged",
        "a\u001B[2Jforged",
        "a\u0085forged",
        "a\u2028forged",
        "a\u2029forged",
        "a\u202Eforged",
        "a\uD800forged",
        "a\u0000forged"
      })
  void K01_keepsHostileTextOnOneLine(String text) {
    for (String line : new String[] {human(text, null), json(text, null)}) {
      assertThat(line.chars().filter(c -> c == '\n')).hasSize(1);
      assertThat(line.stripTrailing())
          .matches(s -> s.chars().noneMatch(Character::isISOControl))
          .doesNotContain("\u2028", "\u2029", "\u202E")
          .contains("forged");
    }
  }

  @Test
  void K01_escapesTheMessagesOfExceptions() {
    var thrown =
        new IllegalStateException(
            "a\n12:00 INFO forged", new RuntimeException("b\n12:00 INFO forged"));
    assertThat(human("failed", thrown).lines())
        .allMatch(line -> !line.startsWith("12:00 INFO"))
        .anyMatch(line -> line.startsWith("    caused by java.lang.RuntimeException: b\\u000A"));
  }

  @Test
  void K01_doesNotInterpretText() {
    assertThat(human("${jndi:ldap://x} {} %msg", null)).contains("${jndi:ldap://x} {} %msg");
  }

  @Test
  void writesOneJsonObjectForMachines() {
    String line = json("say \"hi\"\n", new IllegalStateException("why"));
    var object = StrictJson.parseObject(line.strip());
    assertThat(object.path("level").asString()).isEqualTo("INFO");
    assertThat(object.path("message").asString()).isEqualTo("say \"hi\"\n");
    assertThat(object.path("stack").asString()).contains("IllegalStateException: why");
    assertThat(object.path("time").asString()).matches("\\d{4}-\\d\\d-\\d\\dT.*Z");
  }

  @Test
  void coloursOnlyTheLevel() {
    String line = encode(new LogEncoder(Logs.Format.HUMAN, true), "x\u001B[31m", null);
    assertThat(line).contains("\u001B[32mINFO \u001B[0m Room: x\\u001B[31m");
  }

  private String human(String message, @Nullable Throwable thrown) {
    return encode(new LogEncoder(Logs.Format.HUMAN, false), message, thrown);
  }

  private String json(String message, @Nullable Throwable thrown) {
    return encode(new LogEncoder(Logs.Format.JSON, false), message, thrown);
  }

  @BeforeEach
  void giveItAThreadContext() {
    context.setMDCAdapter(new LogbackMDCAdapter());
  }

  private String encode(LogEncoder encoder, String message, @Nullable Throwable thrown) {
    var logger = context.getLogger("dev.countersign.Room");
    var event = new LoggingEvent("", logger, Level.INFO, message, thrown, new Object[0]);
    return new String(encoder.encode(event), StandardCharsets.UTF_8);
  }
}
