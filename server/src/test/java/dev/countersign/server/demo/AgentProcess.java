package dev.countersign.server.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An example agent as its reader runs it: a process that takes a question a line and answers on
/// its standard output.
final class AgentProcess implements AutoCloseable {
  private static final String END = "[the agent ended]";
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Process process;
  private final Writer questions;
  private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> all = new ArrayList<>();

  AgentProcess(List<String> command, Map<String, String> environment) {
    try {
      var builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().keySet().removeIf(name -> name.matches("(?i).*(proxy|openai).*"));
      builder.environment().putAll(environment);
      builder.environment().put("PYTHONUNBUFFERED", "1");
      builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
      process = builder.start();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    questions = process.outputWriter(StandardCharsets.UTF_8);
    Thread.ofVirtual().start(this::read);
  }

  static Path example(String name) {
    return Path.of("..", "examples", "agents", name).toAbsolutePath().normalize();
  }

  private void read() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
      }
    } catch (IOException ended) {
      lines.add("the output broke off");
    }
    lines.add(END);
  }

  /// Asks, and waits for a line of the answer that matches; returns what the first group holds, or
  /// the line.
  String ask(String question, String expected) {
    ask(question);
    return await(expected);
  }

  /// Waits for a line that matches.
  String await(String expected) {
    Pattern pattern = Pattern.compile(expected);
    long end = System.nanoTime() + PATIENCE.toNanos();
    try {
      while (true) {
        String line = lines.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        if (line == null) {
          throw new AssertionError("no line like " + expected + " in:\n" + told());
        }
        all.add(line);
        if (line.equals(END)) {
          throw new AssertionError(
              "the agent ended without a line like " + expected + ":\n" + told());
        }
        Matcher found = pattern.matcher(line);
        if (found.find()) {
          return found.groupCount() > 0 ? found.group(1) : line;
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  /// What Ctrl-C does.
  void interrupt() {
    try {
      new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  /// Asks without waiting for an answer.
  void ask(String question) {
    try {
      questions.write(question + "\n");
      questions.flush();
    } catch (IOException ended) {
      throw new IllegalStateException("the agent ended: " + told(), ended);
    }
  }

  /// Everything that it printed so far.
  String told() {
    lines.drainTo(all);
    return String.join("\n", all);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
