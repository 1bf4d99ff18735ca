package dev.countersign.box;

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

/// A person in Chromium, driven by a script of `counterparts/js`: each task is a line of JSON, and
/// so is each answer. With `-Dcountersign.shots=FOLDER` the script leaves pictures there.
public final class ScriptedBrowser implements AutoCloseable {
  private final Process process;
  private final BufferedWriter tasks;
  private final BufferedReader answers;

  /// @param script its file name
  /// @param setting what the script is told at the start; `chromium` and `shots` are added
  public ScriptedBrowser(String script, ObjectNode setting) {
    Path node = Counterparts.node();
    Path js = Counterparts.js();
    ObjectNode whole =
        setting
            .deepCopy()
            .put("chromium", Counterparts.chromium().toString())
            .put("shots", System.getProperty("countersign.shots"));
    try {
      // Beside its packages, as Node.js looks for them from where a script lies.
      Path copy = Files.createTempFile(js, "script", ".mjs");
      copy.toFile().deleteOnExit();
      Files.copy(
          Path.of("..", "counterparts", "js", script), copy, StandardCopyOption.REPLACE_EXISTING);
      process =
          new ProcessBuilder(node.toString(), copy.toString(), StrictJson.write(whole))
              .directory(js.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    tasks = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /// Performs a task.
  ///
  /// @throws IllegalStateException with what the script said instead of an answer
  public ObjectNode perform(ObjectNode task) {
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
