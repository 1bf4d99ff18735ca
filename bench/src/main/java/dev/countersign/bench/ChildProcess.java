package dev.countersign.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A server in a process of its own, with this JVM's class path. It says `READY <address>` when it
/// listens and ends when its standard input does, so that it never outlives us.
final class ChildProcess implements AutoCloseable {
  /// What a server prints before its address.
  static final String READY = "READY ";

  private static final int STOP_SECONDS = 30;

  private final Process process;
  private final BufferedReader lines;
  private final URI address;

  private ChildProcess(Process process, BufferedReader lines, URI address) {
    this.process = process;
    this.lines = lines;
    this.address = address;
  }

  /// Starts one and waits until it is ready.
  ///
  /// @param options of the JVM, besides those of the door
  static ChildProcess start(List<String> options, Class<?> main, String... arguments)
      throws IOException {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(Arrays.asList(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader lines = process.inputReader();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith(READY)) {
        return new ChildProcess(process, lines, URI.create(line.substring(READY.length())));
      }
    }
    throw new IOException(main.getSimpleName() + " ended before it was ready");
  }

  /// Ends the server, from within, when the process that started it closes the pipe or dies.
  static void serveUntilParentIsGone(URI address, AutoCloseable server) throws Exception {
    System.out.println(READY + address);
    System.out.flush();
    while (System.in.read() >= 0) {
      // Nobody writes; the end of the stream is the signal.
    }
    server.close();
  }

  URI address() {
    return address;
  }

  long pid() {
    return process.pid();
  }

  /// Processor seconds that the process has used, user and system.
  double cpuSeconds() {
    return seconds(process.toHandle());
  }

  /// Processor seconds of the living processes below it: PostgreSQL.
  double cpuSecondsBelow() {
    return process.descendants().mapToDouble(ChildProcess::seconds).sum();
  }

  private static double seconds(ProcessHandle handle) {
    return handle.info().totalCpuDuration().map(spent -> spent.toNanos() / 1e9).orElse(0.0);
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    lines.close();
  }
}
