package dev.countersign.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Counterparts;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The wrappers in the other languages: their own tests, which read the same vectors.
class PackagesTest {
  private static final Path AGENTS = Path.of("..", "agents").toAbsolutePath().normalize();
  private static final long PATIENCE_MINUTES = 3;

  @TempDir private Path folder = Path.of("");

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

  @Test
  void thePythonPackageIsTypedAndItsWheelInstalls() throws IOException {
    String packages = Counterparts.python().toString();
    Path python = AGENTS.resolve("python");
    var variables = Map.of("PYTHONPATH", packages, "PYTHONDONTWRITEBYTECODE", "1");

    run(
        python,
        variables,
        List.of(
            "python3",
            "-m",
            "mypy",
            "--no-incremental",
            "--cache-dir",
            folder.resolve("mypy").toString(),
            "src"));
    run(
        python,
        variables,
        List.of("python3", "-m", "hatchling", "build", "-t", "wheel", "-d", folder.toString()));
    Path wheel = folder.resolve("countersign_agent-0.1.0-py3-none-any.whl");
    Path site = folder.resolve("site");
    unpack(wheel, site);

    assertThat(site.resolve("countersign_agent").resolve("py.typed")).exists();
    Path about = site.resolve("countersign_agent-0.1.0.dist-info");
    assertThat(about.resolve("licenses").resolve("LICENSE")).isNotEmptyFile();
    assertThat(Files.readString(about.resolve("METADATA")))
        .contains(
            "License-Expression: Apache-2.0", "Provides-Extra: langchain", "# countersign-agent");
    assertThat(
            run(
                folder,
                Map.of(
                    "PYTHONPATH",
                    site + File.pathSeparator + packages,
                    "PYTHONDONTWRITEBYTECODE",
                    "1"),
                List.of(
                    "python3",
                    "-c",
                    "import countersign_agent, countersign_agent.langchain,"
                        + " countersign_agent.strands; print(countersign_agent.__file__)")))
        .contains(site.toString());
  }

  /// As its users get it: compiled with declarations, packed, and imported by its name.
  @Test
  void theTypeScriptPackageIsTypedAndItsTarballInstalls() throws IOException {
    Path copy = Files.createDirectories(folder.resolve("typescript"));
    try (var files = Files.walk(AGENTS.resolve("typescript"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path relative = AGENTS.resolve("typescript").relativize(file);
        if (!relative.startsWith("node_modules") && !relative.startsWith("dist")) {
          Files.createDirectories(copy.resolve(relative).getParent());
          Files.copy(file, copy.resolve(relative));
        }
      }
    }
    Path packages = Counterparts.js().resolve("node_modules");
    Files.createSymbolicLink(copy.resolve("node_modules"), packages);
    String path = Counterparts.node().getParent() + File.pathSeparator + System.getenv("PATH");
    run(
        copy,
        Map.of("PATH", path),
        List.of("npm", "pack", "--pack-destination", folder.toString()));
    Files.delete(copy.resolve("node_modules"));
    Path user = Files.createDirectories(folder.resolve("user"));
    Path installed = Files.createDirectories(user.resolve("node_modules").resolve("@countersign"));
    run(
        installed,
        Map.of(),
        List.of("tar", "-xzf", folder.resolve("countersign-agent-0.1.0.tgz").toString()));
    Files.move(installed.resolve("package"), installed.resolve("agent"));

    assertThat(installed.resolve("agent").resolve("dist").resolve("index.d.ts")).exists();
    assertThat(installed.resolve("agent").resolve("LICENSE")).isNotEmptyFile();
    assertThat(installed.resolve("agent").resolve("test")).doesNotExist();
    assertThat(
            run(
                user,
                Map.of(),
                List.of(
                    Counterparts.node().toString(),
                    "--input-type=module",
                    "-e",
                    "import { inWords, SignInRequired } from '@countersign/agent';"
                        + " console.log(inWords(new SignInRequired()))")))
        .contains("Please sign in again");
  }

  private static void unpack(Path zip, Path into) throws IOException {
    try (FileSystem files = FileSystems.newFileSystem(zip);
        Stream<Path> entries = Files.walk(files.getPath("/"))) {
      for (Path entry : entries.filter(Files::isRegularFile).toList()) {
        Path target = into.resolve(files.getPath("/").relativize(entry).toString());
        Files.createDirectories(target.getParent());
        Files.copy(entry, target);
      }
    }
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
