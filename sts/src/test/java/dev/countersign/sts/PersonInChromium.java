package dev.countersign.sts;

import dev.countersign.box.Counterparts;
import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.node.ObjectNode;

/// A person with a passkey in a real browser; see `counterparts/js/approve.mjs`.
final class PersonInChromium implements AutoCloseable {
  private final Process process;
  private final BufferedWriter tasks;
  private final BufferedReader answers;

  PersonInChromium(String issuer) {
    Path node = Counterparts.node();
    Path js = Counterparts.js();
    ObjectNode setting =
        StrictJson.object()
            .put("chromium", Counterparts.chromium().toString())
            .put("issuer", issuer)
            .put("shots", System.getProperty("countersign.shots"));
    try {
      Path script = Files.createTempFile(js, "approve", ".mjs");
      script.toFile().deleteOnExit();
      Files.copy(
          Path.of("..", "counterparts", "js", "approve.mjs"),
          script,
          StandardCopyOption.REPLACE_EXISTING);
      process =
          new ProcessBuilder(node.toString(), script.toString(), StrictJson.write(setting))
              .directory(js.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    tasks = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /// Signs in and adds a passkey.
  ObjectNode register() {
    return perform(StrictJson.object().put("do", "register"));
  }

  /// Approves with the passkey, by keyboard alone.
  ObjectNode approve(String approval, String number) {
    return perform(
        StrictJson.object().put("do", "approve").put("approval", approval).put("number", number));
  }

  private ObjectNode perform(ObjectNode task) {
    try {
      tasks.write(StrictJson.write(task));
      tasks.newLine();
      tasks.flush();
      String line = String.valueOf(answers.readLine());
      if (!line.startsWith("{")) {
        throw new IllegalStateException(line + "\n" + String.join("\n", answers.readAllLines()));
      }
      return StrictJson.parseObject(line);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  public void close() {
    try {
      tasks.close();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}
