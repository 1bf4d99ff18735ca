package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

class TemplatesCommandTest {
  private static final Path EXAMPLES = Path.of("..", "examples");

  @Test
  @ResourceLock(Resources.SYSTEM_OUT)
  void I03_printsThePinsThatTheExampleAgentsHold() throws IOException {
    var screen = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(screen, true, StandardCharsets.UTF_8));
    try {
      assertThat(
              Main.run(
                  "templates",
                  "--config",
                  EXAMPLES.resolve("refunds").resolve("countersign.yaml").toString()))
          .isZero();
    } finally {
      System.setOut(before);
    }

    Path pins = EXAMPLES.resolve("agents").resolve("langchain-validate").resolve("templates.json");
    assertThat(screen.toString(StandardCharsets.UTF_8).replaceAll("\\s", ""))
        .isEqualTo(Files.readString(pins).replaceAll("\\s", ""));
  }
}
