package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Runs each fuzzer in a process of its own: a bounded number of inputs here, and as many seconds
/// as `-Dcountersign.fuzz.seconds` says for a long run. What it finds it leaves in `target/fuzz`.
class FuzzTest {
  private static final Path FOLDER = Path.of("target", "fuzz").toAbsolutePath();

  @ParameterizedTest
  @CsvSource({
    "DetailsFuzzer, 5000",
    "KeySetFuzzer, 5000",
    "TokenDoctorFuzzer, 5000",
    "TokenEndpointFuzzer, 200"
  })
  void findsNothing(String fuzzer, int runs) throws IOException, InterruptedException {
    String seconds = System.getProperty("countersign.fuzz.seconds", "");
    Path corpus = Files.createDirectories(FOLDER.resolve(fuzzer));
    seed(fuzzer, corpus);
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+EnableDynamicAgentLoading",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=dev.countersign.sts." + fuzzer,
            "--instrumentation_includes=dev.countersign.**",
            "--custom_hook_includes=dev.countersign.**",
            "--reproducer_path=" + FOLDER,
            "-artifact_prefix=" + FOLDER + "/" + fuzzer + "-",
            "-seed=1",
            "-max_len=4096",
            seconds.isEmpty() ? "-runs=" + runs : "-max_total_time=" + seconds,
            corpus.toString()));
    Path log = FOLDER.resolve(fuzzer + ".log");

    var process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    // The service under test has its database on a socket.
    process.environment().put("JAZZER_SSRF_PERMISSIVE_UNTIL_CONFIGURED", "1");
    int exit = process.start().waitFor();

    String said = Files.readString(log, StandardCharsets.UTF_8);
    assertThat(exit).as(said.substring(Math.max(0, said.length() - 4_000))).isZero();
    assertThat(said).as("it really ran").contains("Done ");
  }

  // A good input to start from, so that bounded runs get past the first checks.
  private static void seed(String fuzzer, Path corpus) throws IOException {
    if (fuzzer.equals("DetailsFuzzer")) {
      Files.writeString(corpus.resolve("good"), World.refund(100));
    }
    if (fuzzer.equals("KeySetFuzzer")) {
      Files.writeString(
          corpus.resolve("good"),
          "{\"keys\":["
              + ForeignIssuer.OKTA_KEY.toPublicJWK().toJSONString()
              + ","
              + World.ec("ec-1").toPublicJWK().toJSONString()
              + "]}");
    }
  }
}
