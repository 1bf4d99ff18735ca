package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.postgres.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `countersign serve` as a process of its own: ended gently, and ended by `kill -9`.
class KillNineTest {
  private static final String READY = "Countersign is ready";

  @TempDir Path data = Path.of("");

  @AfterEach
  void deleteTheCluster() {
    EmbeddedPostgres.delete(data); // as root it lies outside of the temporary folder
  }

  @Test
  void L12_afterKillNineNoPostgresStaysAndTheNextStartWorks() throws Exception {
    Process first = serve();
    assertThat(readUntilReady(first)).isTrue();
    ProcessHandle postgres = postmaster().orElseThrow();

    first.destroyForcibly().waitFor();
    postgres.onExit().get(30, TimeUnit.SECONDS);

    Process second = serve();
    try {
      assertThat(readUntilReady(second)).isTrue();
    } finally {
      second.destroy();
      assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(postmaster()).isEmpty();
  }

  private Process serve() throws IOException {
    var command =
        new ArrayList<String>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.countersign.server.Main",
                "serve",
                "--config",
                Path.of("..", "examples", "refunds", "countersign.yaml").toString(),
                "--data",
                data.toString()));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(Ports.anyFree());
    return builder.start();
  }

  private static boolean readUntilReady(Process server) throws IOException {
    BufferedReader lines = server.inputReader();
    var told = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      told.append(line).append("\n");
      if (line.contains(READY)) {
        return true;
      }
    }
    throw new AssertionError("the server ended without being ready:\n" + told);
  }

  /// The PostgreSQL of this test's data folder, if it runs.
  private Optional<ProcessHandle> postmaster() throws IOException {
    try (Stream<Path> notes = Files.walk(data)) {
      Optional<Path> note = notes.filter(file -> file.endsWith("postmaster.pid")).findFirst();
      if (note.isEmpty()) {
        return clusterElsewhere();
      }
      return running(note.get());
    }
  }

  /// As root the cluster lies in a folder that PostgreSQL's user owns; the data folder says where.
  private Optional<ProcessHandle> clusterElsewhere() throws IOException {
    Path location = data.resolve("cluster-location");
    if (!Files.isRegularFile(location)) {
      return Optional.empty();
    }
    Path note = Path.of(Files.readString(location).strip()).resolve("postmaster.pid");
    return Files.isRegularFile(note) ? running(note) : Optional.empty();
  }

  private static Optional<ProcessHandle> running(Path note) throws IOException {
    List<String> lines = Files.readAllLines(note);
    return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
        .filter(ProcessHandle::isAlive);
  }
}
