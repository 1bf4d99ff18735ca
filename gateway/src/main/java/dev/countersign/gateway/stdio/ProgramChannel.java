package dev.countersign.gateway.stdio;

import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.upstream.Channel;
import dev.countersign.gateway.upstream.UpstreamFailure;
import dev.countersign.gateway.upstream.UpstreamFailure.Kind;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A program that is started when it is first needed, and again after it has ended. It gets the
/// environment that the operator wrote down and nothing of ours. Threads may share it.
public final class ProgramChannel implements Channel {
  private final Server.Place.Program program;
  private final Map<String, String> secrets;
  private final int maxLine;
  private @Nullable RunningProgram running;
  private long opening;
  private boolean closed;

  /// @param secrets variables besides the configured ones
  /// @param maxLine the longest message that is read from it
  public ProgramChannel(Server.Place.Program program, Map<String, String> secrets, int maxLine) {
    this.program = program;
    this.secrets = Map.copyOf(secrets);
    this.maxLine = maxLine;
  }

  @Override
  public Reply ask(Message message) {
    RunningProgram asked = running();
    long id = message.body().path("id").longValue();
    CompletableFuture<ObjectNode> answer = asked.expect(id, message.notices());
    try {
      asked.write(message.body());
      ObjectNode body = answer.get(message.timeout().toMillis(), TimeUnit.MILLISECONDS);
      if (StrictJson.write(body).length() > message.maxBytes()) {
        throw new UpstreamFailure(Kind.TOO_LARGE, "its answer is too large", null);
      }
      return new Reply(body, Optional.empty());
    } catch (TimeoutException late) {
      cancel(asked, id);
      throw new UpstreamFailure(Kind.BROKEN, "no answer in time", late);
    } catch (InterruptedException interrupted) {
      cancel(asked, id);
      Thread.currentThread().interrupt();
      throw new UpstreamFailure(Kind.BROKEN, "interrupted", interrupted);
    } catch (ExecutionException | IOException ended) {
      throw new UpstreamFailure(Kind.BROKEN, "the program has ended", ended);
    } finally {
      asked.forget(id);
    }
  }

  private static void cancel(RunningProgram asked, long id) {
    ObjectNode body = StrictJson.object().put("jsonrpc", "2.0");
    body.put("method", "notifications/cancelled").putObject("params").put("requestId", id);
    try {
      asked.write(body);
    } catch (IOException ended) {
      return; // then there is nothing to cancel
    }
  }

  @Override
  public void tell(Message message) {
    try {
      running().write(message.body());
    } catch (IOException ended) {
      throw new UpstreamFailure(Kind.BROKEN, "the program has ended", ended);
    }
  }

  @Override
  public void end(Message message) {
    // Programs have no sessions.
  }

  @Override
  public synchronized long opening() {
    return running != null && running.isAlive() ? opening : -1;
  }

  private synchronized RunningProgram running() {
    if (closed) {
      throw new UpstreamFailure(Kind.AWAY, "the gateway closes", null);
    }
    RunningProgram current = running;
    if (current != null && current.isAlive()) {
      return current;
    }
    var builder = new ProcessBuilder(program.command());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Map<String, String> environment = builder.environment();
    String path = environment.getOrDefault("PATH", "/usr/bin:/bin");
    environment.clear();
    environment.put("PATH", path);
    environment.putAll(program.environment());
    environment.putAll(secrets);
    try {
      RunningProgram started = new RunningProgram(builder.start(), maxLine);
      running = started;
      opening++;
      return started;
    } catch (IOException failed) {
      throw new UpstreamFailure(Kind.AWAY, "the program cannot be started", failed);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (running != null) {
      running.close();
    }
  }
}
