package dev.countersign.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The wrappers in the other languages: their own tests, which read the same vectors.
class PackagesTest {
  private static final Path AGENTS = Path.of("..", "agents").toAbsolutePath().normalize();
  private static final long PATIENCE_MINUTES = 3;

  @Test
  void thePythonPackagePassesItsTestsAndTheVectors() {
    String packages = Counterparts.python().toString();

    assertThat(
            run(
                AGENTS.resolve("python"),
                Map.of("PYTHONPATH", packages, "PYTHONDONTWRITEBYTECODE", "1"),
                List.of("python3", "-m", "pytest", "-q", "-p", "no:cacheprovider")))
        .contains(" passed")
        .doesNotContain("failed", "error", "skipped");
  }

  @Test
  void theTypeScriptPackagePassesItsTestsAndTheVectors() {
    assertThat(
            run(
                AGENTS.resolve("typescript"),
                Map.of(),
                List.of(
                    Counterparts.node().toString(),
                    "--experimental-strip-types",
                    "--no-warnings",
                    "--test",
                    "--test-reporter=tap",
                    "test/vectors.test.ts")))
        .contains("# fail 0", "# skipped 0")
        .doesNotContain("# pass 0");
  }

  private static String run(Path folder, Map<String, String> variables, List<String> command) {
    try {
      var builder = new ProcessBuilder(new ArrayList<>(command)).directory(folder.toFile());
      builder.redirectErrorStream(true).environment().putAll(variables);
      Process process = builder.start();
      process.getOutputStream().close();
      String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).as(told).isTrue();
      assertThat(process.exitValue()).as(told).isZero();
      return told;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }
}
