package dev.countersign.bench;

import dev.countersign.box.postgres.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// How long `countersign serve` takes from the start of the process until every box answers: on an
/// empty data folder (PostgreSQL's cluster is made), and on one from an earlier run. Started as the
/// door starts it from the second time on: with an archive of loaded classes, which a first start,
/// not measured, leaves behind.
final class StartBench {
  private static final String READY = "Countersign is ready";
  private static final double GOAL_SECONDS = 5.0;

  private final int rounds;

  StartBench(int rounds) {
    this.rounds = rounds;
  }

  Report run() throws IOException, InterruptedException {
    var fresh = new ArrayList<Double>();
    var again = new ArrayList<Double>();
    Path archives = Files.createTempDirectory("countersign-bench-");
    try {
      Path archive = archives.resolve("classes.jsa");
      for (int round = 0; round <= rounds; round++) {
        Path data = Files.createTempDirectory("countersign-bench-");
        try {
          double onNothing = start(archive, data);
          double onData = start(archive, data);
          if (round > 0) {
            fresh.add(onNothing);
            again.add(onData);
          }
        } finally {
          delete(data);
        }
      }
    } finally {
      delete(archives);
    }
    return new Report(
        "start",
        List.of(
            Figure.of("start on an empty data folder, median", median(fresh), "s", GOAL_SECONDS),
            Figure.of("start over existing data, median", median(again), "s", GOAL_SECONDS)));
  }

  private static double start(Path archive, Path data) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    Process server =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:+AutoCreateSharedArchive",
                "-XX:SharedArchiveFile=" + archive,
                "-Xlog:cds=off",
                "-Xlog:cds+dynamic=off",
                "-cp",
                classPath(),
                "dev.countersign.server.Main",
                "serve",
                "--data",
                data.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader lines = server.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.contains(READY)) {
          return (System.nanoTime() - begin) / 1e9;
        }
      }
      throw new IOException("the server ended without being ready; try `countersign serve`");
    } finally {
      server.destroy();
      server.waitFor(30, TimeUnit.SECONDS);
    }
  }

  /// That of the program, without the benchmarks.
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("bench-"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private static void delete(Path folder) throws IOException {
    EmbeddedPostgres.delete(folder); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
