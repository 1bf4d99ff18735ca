package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.Ids;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The same limit from several processes over one PostgreSQL, also when they die.
class CounterProcessesTest {
  private static final DatabaseSettings STATE = World.settings();
  private static final int LIMIT = 50;

  /// Each process believes to be somewhere else; at noon UTC two of them have another date.
  private static final List<String> ZONES =
      List.of("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu");

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();
  private final Map<Process, Path> outputs = new HashMap<>();

  @AfterEach
  void end() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly();
      process.waitFor(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void F01_threeProcessesTogetherGrantExactlyTheLimit() throws IOException, InterruptedException {
    String subject = "okta|" + Ids.base62(12);
    List<Process> processes = List.of(start(subject, 40), start(subject, 40), start(subject, 40));

    int granted = 0;
    for (Process process : processes) {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(told(process)).contains("done");
      granted += granted(process);
    }

    assertThat(granted).isEqualTo(LIMIT);
  }

  @Test
  void F05_processesThatAreKilledInTheMiddleNeverGrantMoreThanTheLimit()
      throws IOException, InterruptedException {
    String subject = "okta|" + Ids.base62(12);
    Process one = start(subject, 200);
    Process two = start(subject, 200);
    killAfter(one, 8);
    killAfter(two, 8);
    int answered = granted(one) + granted(two);

    assertThat(answered).isPositive();
    assertThat(answered + left(subject)).isBetween(16, LIMIT);
  }

  @Test
  void F05_whatWasDecidedAndNeverAnsweredStaysDrawn() throws IOException, InterruptedException {
    String subject = "okta|" + Ids.base62(12);
    for (int i = 0; i < 2; i++) {
      Process process = start(subject, 0);
      killOnceItSays(process, "decided");
      assertThat(granted(process)).isZero();
    }

    assertThat(left(subject)).isEqualTo(LIMIT - 2);
  }

  /// How many dollars a process that lives on still grants.
  private static int left(String subject) {
    int left = 0;
    try (Database database =
        Database.open(
            "after",
            STATE,
            new Database.Limits(2, Duration.ofSeconds(30), Duration.ofSeconds(30)))) {
      var survivor = new CounterWorker(database, CounterWorker.policy(), subject);
      for (int i = 0; i < LIMIT + 10; i++) {
        left += survivor.isGranted(World.NOON) ? 1 : 0;
      }
    }
    return left;
  }

  private Process start(String subject, int attempts) throws IOException {
    var builder =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElse("java"),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--sun-misc-unsafe-memory-access=allow",
            "-Duser.timezone=" + ZONES.get(started.size() % ZONES.size()),
            "-cp",
            System.getProperty("java.class.path"),
            CounterWorker.class.getName(),
            STATE.url(),
            STATE.user(),
            subject,
            Integer.toString(attempts));
    builder.environment().put("COUNTER_PASSWORD", STATE.password().reveal());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Path output = Files.createFile(folder.resolve("process-" + started.size()));
    builder.redirectOutput(output.toFile());
    Process process = builder.start();
    started.add(process);
    outputs.put(process, output);
    return process;
  }

  /// Kills a process as soon as it has told of some grants, in the middle of others.
  private void killAfter(Process process, int grants) throws IOException, InterruptedException {
    killOnce(process, () -> granted(process) >= grants);
  }

  private void killOnceItSays(Process process, String word)
      throws IOException, InterruptedException {
    killOnce(process, () -> told(process).contains(word));
    assertThat(told(process)).contains(word);
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void killOnce(Process process, Condition condition)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!condition.holds() && process.isAlive()) {
      assertThat(System.nanoTime()).as("it granted nothing").isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
    process.destroyForcibly();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
  }

  private int granted(Process process) throws IOException {
    return (int) told(process).stream().filter(line -> line.equals("granted")).count();
  }

  private List<String> told(Process process) throws IOException {
    return Files.readAllLines(Objects.requireNonNull(outputs.get(process)));
  }
}
