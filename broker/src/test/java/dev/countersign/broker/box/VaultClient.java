package dev.countersign.broker.box;

import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// A script that uses somebody else's Vault client and tells each step as a line of JSON.
final class VaultClient {
  private static final long PATIENCE_SECONDS = 60;

  private VaultClient() {}

  /// Runs a script to its end.
  ///
  /// @param minted tried with the credential while it lives
  /// @return what each step told, by its name
  static Map<String, ObjectNode> run(
      List<String> command, Map<String, String> variables, Consumer<ObjectNode> minted) {
    var told = new LinkedHashMap<String, ObjectNode>();
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().keySet().removeIf(name -> name.startsWith("VAULT_"));
    builder.environment().putAll(variables);
    try {
      Process process = builder.start();
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
          Writer in = process.outputWriter(StandardCharsets.UTF_8)) {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
          ObjectNode step = StrictJson.parseObject(line);
          told.put(step.path("step").stringValue(), step);
          if (step.path("step").stringValue().equals("minted")) {
            minted.accept(step);
            in.write("\n");
            in.flush();
          }
        }
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          throw new AssertionError("the client does not end");
        }
      } finally {
        process.destroyForcibly();
      }
      return told;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }
}
