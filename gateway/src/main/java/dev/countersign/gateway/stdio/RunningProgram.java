package dev.countersign.gateway.stdio;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A started program: one message a line, each way. Threads may share it.
final class RunningProgram implements AutoCloseable {
  private static final int METHOD_NOT_FOUND = -32601;
  private static final int GRACE_SECONDS = 2;

  private final Process process;
  private final OutputStream input;
  private final int maxLine;
  private final Map<Long, CompletableFuture<ObjectNode>> expected = new ConcurrentHashMap<>();
  private final Map<Long, Consumer<ObjectNode>> listening = new ConcurrentHashMap<>();

  RunningProgram(Process process, int maxLine) {
    this.process = process;
    this.input = process.getOutputStream();
    this.maxLine = maxLine;
    Thread.ofVirtual().name("program-" + process.pid()).start(this::read);
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /// @param notices takes what the program says of this request before it answers
  CompletableFuture<ObjectNode> expect(long id, Consumer<ObjectNode> notices) {
    listening.put(id, notices);
    var answer = new CompletableFuture<ObjectNode>();
    expected.put(id, answer);
    return answer;
  }

  void forget(long id) {
    expected.remove(id);
    listening.remove(id);
  }

  void write(ObjectNode message) throws IOException {
    byte[] line = (StrictJson.write(message) + "\n").getBytes(StandardCharsets.UTF_8);
    synchronized (input) {
      input.write(line);
      input.flush();
    }
  }

  private void read() {
    try (InputStream output = new BufferedInputStream(process.getInputStream())) {
      for (byte[] line = line(output); line.length > 0; line = line(output)) {
        take(line);
      }
    } catch (IOException ended) {
      // told to everybody who waits, below
    } finally {
      process.destroy();
      expected
          .values()
          .forEach(
              waiting -> waiting.completeExceptionally(new IOException("the program has ended")));
    }
  }

  /// The next line that has something in it; empty at the end, and where a line is too long: then
  /// nobody knows where the next one starts.
  private byte[] line(InputStream output) throws IOException {
    var line = new ByteArrayOutputStream();
    for (int c = output.read(); c >= 0; c = output.read()) {
      if (c == '\n' && line.size() > 0) {
        return line.toByteArray();
      }
      if (c != '\n' && c != '\r') {
        line.write(c);
      }
      if (line.size() > maxLine) {
        break;
      }
    }
    return new byte[0];
  }

  private void take(byte[] line) throws IOException {
    ObjectNode message;
    try {
      message = StrictJson.parseObject(line);
    } catch (MalformedJsonException notOurs) {
      return; // programs print what does not belong there
    }
    if (message.has("method")) {
      if (message.has("id")) {
        refuse(message);
      }
      JsonNode token = message.path("params").path("progressToken");
      if (token.isIntegralNumber()) {
        listening.getOrDefault(token.asLong(-1), _ -> {}).accept(message);
      }
      return;
    }
    CompletableFuture<ObjectNode> waiting = expected.get(message.path("id").asLong(-1));
    if (waiting != null) {
      waiting.complete(message);
    }
  }

  /// Nothing was offered to it, so it may ask for nothing.
  private void refuse(ObjectNode request) throws IOException {
    ObjectNode answer = StrictJson.object().put("jsonrpc", "2.0");
    answer.set("id", request.path("id"));
    answer.putObject("error").put("code", METHOD_NOT_FOUND).put("message", "method not found");
    write(answer);
  }

  @Override
  public void close() {
    try {
      input.close();
      if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException broken) {
      process.destroyForcibly();
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
