package dev.countersign.box.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The running server process of one cluster, and how it ends: with us, however we end.
///
/// A shell stands between: it waits for the server and, at the same time, for the end of its own
/// input, whose other end we hold. When that end closes, even by `kill -9` of this process, it
/// stops the server. The shell has a session of its own, so that Ctrl-C in a terminal reaches us
/// and not the server.
final class Postmaster {
  private static final String WATCHDOG =
      """
      trap '' INT HUP
      exec 3<&0 </dev/null
      "$@" 3<&- &
      server=$!
      (
        read -r _ <&3
        for signal in INT QUIT KILL; do
          kill -s "$signal" "$server" 2>/dev/null || exit 0
          n=0
          while [ "$n" -lt 80 ] && kill -0 "$server" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
        done
      ) &
      watcher=$!
      exec 3<&-
      wait "$server"
      status=$?
      kill "$watcher" 2>/dev/null
      exit "$status"
      """;
  private static final long STOP_SECONDS = 20;

  private final Process shell;
  private final Path cluster;

  private Postmaster(Process shell, Path cluster) {
    this.shell = shell;
    this.cluster = cluster;
  }

  static Postmaster launch(
      ServerAccount account, Path cluster, Path log, List<String> serverCommand)
      throws IOException {
    var command = new ArrayList<String>();
    boolean session = ServerAccount.find("setsid").isPresent();
    if (session) {
      command.add("setsid");
    }
    // Without setsid (macOS), job control at least gives the server a process group of its own.
    String script = session ? WATCHDOG : "set -m 2>/dev/null\n" + WATCHDOG;
    var shellCommand = new ArrayList<>(List.of("/bin/sh", "-c", script, "countersign-postgres"));
    shellCommand.addAll(serverCommand);
    command.addAll(account.command(shellCommand));
    var builder =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    // The server needs nothing of ours, and PG* variables would change what it does.
    builder.environment().keySet().removeIf(name -> !name.equals("PATH") && !name.equals("TZ"));
    return new Postmaster(builder.start(), cluster);
  }

  boolean isAlive() {
    return shell.isAlive();
  }

  int exitValue() {
    return shell.exitValue();
  }

  /// Whether the server says that it accepts connections.
  boolean isReady() {
    try {
      List<String> lines = Files.readAllLines(pidFile(cluster));
      return lines.size() >= 8 && lines.get(7).strip().equals("ready");
    } catch (IOException notYet) {
      return false;
    }
  }

  /// Stops the server: running transactions are rolled back, everything is written down. Returns
  /// when it has ended.
  void stop() {
    try {
      shell.getOutputStream().close();
    } catch (IOException closed) {
      // Then the watchdog sees the end of its input as well.
    }
    boolean interrupted = false;
    try {
      if (!shell.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        shell.destroyForcibly();
      }
    } catch (InterruptedException stopNow) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!shell.isAlive()) {
      endOrphan(cluster);
    }
  }

  /// Ends a server of this cluster that outlived the process that started it, and nothing else.
  ///
  /// @throws PostgresStartFailure if it cannot be ended
  static void endOrphan(Path cluster) {
    Optional<ProcessHandle> found = running(cluster);
    if (found.isEmpty()) {
      return;
    }
    ProcessHandle server = found.get();
    for (String signal : List.of("INT", "QUIT", "KILL")) {
      signal(server, signal);
      if (ended(server)) {
        return;
      }
    }
    throw new PostgresStartFailure(
        "an earlier PostgreSQL of the data folder "
            + cluster
            + " still runs as process "
            + server.pid()
            + " and cannot be stopped; stop it by hand");
  }

  private static void signal(ProcessHandle server, String signal) {
    try {
      new ProcessBuilder("kill", "-s", signal, Long.toString(server.pid()))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor(5, TimeUnit.SECONDS);
    } catch (IOException noKill) {
      server.destroy();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean ended(ProcessHandle server) {
    for (int i = 0; i < 200 && server.isAlive(); i++) {
      pause(25);
    }
    return !server.isAlive();
  }

  /// The server process of this cluster that its pid file names, if that process runs and is really
  /// it: process ids are used again.
  static Optional<ProcessHandle> running(Path cluster) {
    return recordedPid(cluster)
        .flatMap(ProcessHandle::of)
        .filter(ProcessHandle::isAlive)
        .filter(process -> isServerOf(process, cluster));
  }

  /// Removes a pid file that names a process which is not the server: PostgreSQL would take that
  /// process for its own and refuse to start.
  static void forgetForeignPid(Path cluster) throws IOException {
    boolean foreign =
        recordedPid(cluster)
            .flatMap(ProcessHandle::of)
            .filter(ProcessHandle::isAlive)
            .filter(process -> !isServerOf(process, cluster))
            .isPresent();
    if (foreign) {
      Files.deleteIfExists(pidFile(cluster));
    }
  }

  private static Optional<Long> recordedPid(Path cluster) {
    try {
      return Files.readAllLines(pidFile(cluster)).stream()
          .findFirst()
          .map(String::strip)
          .filter(line -> line.matches("[0-9]{1,10}"))
          .map(Long::valueOf);
    } catch (IOException none) {
      return Optional.empty();
    }
  }

  // The server's working folder is its cluster. Where the system does not show that, its command
  // line
  // has to name the cluster.
  private static boolean isServerOf(ProcessHandle process, Path cluster) {
    boolean named =
        process
            .info()
            .command()
            .map(command -> command.toLowerCase(Locale.ROOT).contains("postgres"))
            .orElse(true);
    if (!named) {
      return false;
    }
    try {
      return Path.of("/proc", Long.toString(process.pid()), "cwd")
          .toRealPath()
          .equals(cluster.toRealPath());
    } catch (IOException hidden) {
      return process
          .info()
          .arguments()
          .map(arguments -> List.of(arguments).contains(cluster.toString()))
          .orElse(false);
    }
  }

  private static Path pidFile(Path cluster) {
    return cluster.resolve("postmaster.pid");
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
