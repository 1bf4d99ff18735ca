package dev.countersign.sts;

import dev.countersign.box.Counterparts;
import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import tools.jackson.databind.node.ObjectNode;

/// A program for Node.js that speaks in lines of JSON: other people's libraries, as they come from
/// npm. What it writes to its error stream goes to ours.
final class NodeProgram implements AutoCloseable {
  private final Process process;
  private final BufferedReader out;
  private final Writer in;

  /// Starts a script of the test resources. The test is skipped, with the reason, where Node.js or
  /// the packages are missing.
  NodeProgram(String script) {
    try {
      process =
          new ProcessBuilder(
                  Counterparts.node().toString(), "--input-type=module", "--eval", read(script))
              .directory(Counterparts.js().toFile())
              .redirectError(Redirect.INHERIT)
              .start();
      out = process.inputReader(StandardCharsets.UTF_8);
      in = process.outputWriter(StandardCharsets.UTF_8);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// Runs a script once: one task in, one answer out.
  static ObjectNode run(String script, ObjectNode task) {
    try (var program = new NodeProgram(script)) {
      program.in.write(StrictJson.write(task));
      program.in.close();
      return program.next();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// Sends one line.
  void say(String line) {
    try {
      in.write(line + "\n");
      in.flush();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// The next line of JSON; other lines are passed over.
  ObjectNode next() {
    try {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith("{")) {
          return StrictJson.parseObject(line);
        }
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    throw new AssertionError("the program ended without an answer; its errors are above");
  }

  /// Stops it where it is (`STOP`), lets it go on (`CONT`) or ends it (`KILL`).
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  void awaitEnd() throws InterruptedException {
    process.waitFor();
  }

  private static String read(String script) throws IOException {
    try (InputStream resource =
        Objects.requireNonNull(NodeProgram.class.getResourceAsStream("/counterparts/" + script))) {
      return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly(); // also ends one that is stopped
  }
}
