package dev.countersign.gateway.http;

import dev.countersign.gateway.Cancellation;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.gateway.mcp.LiveRequest;
import dev.countersign.gateway.mcp.McpAnswer;
import dev.countersign.gateway.mcp.McpServer;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TraceContext;
import dev.countersign.protocol.UnavailableException;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Waits for an answer on the connection's thread while another makes the call. An answer that
/// comes at once is plain JSON. One that takes longer comes, in the revision that has it so, on a
/// stream of events, and a client that closes it ends the call. A person whose sessions are ended
/// ends it in every revision. One thread.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/basic/transports MCP 2026-07-28,
///   Streamable HTTP
final class LiveAnswer {
  private static final Duration TICK = Duration.ofSeconds(1);

  /// How many ticks lie between two questions for the person's sessions.
  private static final int SESSION_TICKS = 2;

  private static final byte[] STILL_HERE = ": \n\n".getBytes(StandardCharsets.UTF_8);

  private final ServerResponse response;
  private final LiveRequest live;
  private final SessionCheck sessions;
  private final Secret token;
  private @Nullable OutputStream stream;
  private boolean isGone;

  LiveAnswer(ServerResponse response, LiveRequest live, SessionCheck sessions, Secret token) {
    this.response = response;
    this.live = live;
    this.sessions = sessions;
    this.token = token;
  }

  /// Answers with what `work` returns.
  ///
  /// @param plain sends an answer where no stream was begun
  void answer(Supplier<McpAnswer> work, Consumer<McpAnswer> plain) {
    CompletableFuture<McpAnswer> coming = begin(work);
    var _ = coming.whenComplete((_, _) -> live.ring());
    Optional<McpAnswer> answer = await(coming);
    for (int ticks = 1; answer.isEmpty(); ticks++) {
      tick(ticks);
      sendWhatWaits();
      answer = await(coming);
    }
    sendWhatWaits();
    OutputStream begun = stream;
    if (begun == null) {
      plain.accept(answer.get());
    } else {
      send(begun, McpServer.streamed(answer.get()));
    }
  }

  private static CompletableFuture<McpAnswer> begin(Supplier<McpAnswer> work) {
    var coming = new CompletableFuture<McpAnswer>();
    Runnable making =
        () -> {
          try {
            coming.complete(work.get());
          } catch (RuntimeException | Error failed) {
            coming.completeExceptionally(failed);
          }
        };
    Optional<TraceContext> trace = TraceContext.current();
    Thread.ofVirtual()
        .name("call")
        .start(() -> trace.ifPresentOrElse(context -> context.run(making), making));
    return coming;
  }

  private Optional<McpAnswer> await(CompletableFuture<McpAnswer> coming) {
    long end = System.nanoTime() + TICK.toNanos();
    try {
      while (!coming.isDone()) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          return Optional.empty();
        }
        live.await(left);
        sendWhatWaits();
      }
      return Optional.of(coming.get());
    } catch (InterruptedException closing) {
      live.cancellation().cancel(Cancellation.Reason.CALLER_LEFT);
      Thread.currentThread().interrupt();
      throw new UnavailableException("the gateway closes", closing);
    } catch (ExecutionException failed) {
      if (stream != null) {
        return Optional.of(McpServer.failed(live));
      }
      switch (failed.getCause()) {
        case RuntimeException fault -> throw fault;
        case Error fault -> throw fault;
        case null, default -> throw new IllegalStateException(failed);
      }
    }
  }

  private void tick(int ticks) {
    if (!live.isCall() || live.cancellation().isCancelled()) {
      return;
    }
    if (live.isStreamed()) {
      stillHere();
    }
    if (ticks % SESSION_TICKS == 0 && hasEnded()) {
      live.cancellation().cancel(Cancellation.Reason.SESSION_ENDED);
    }
  }

  private boolean hasEnded() {
    try {
      return sessions.wasEnded(token);
    } catch (UnavailableException away) {
      return false; // the call was permitted; what is away now took nothing back
    }
  }

  private void stillHere() {
    write(STILL_HERE);
  }

  /// Messages before the answer. Where the answer can still be a plain one, they wait.
  private void sendWhatWaits() {
    if (live.isStreamed()) {
      live.messages().forEach(message -> write(event(message)));
    }
  }

  private void write(byte[] bytes) {
    if (isGone) {
      return;
    }
    try {
      OutputStream begun = stream;
      if (begun == null) {
        begun = EventStream.begin(response);
        stream = begun;
      }
      begun.write(bytes);
      begun.flush();
    } catch (IOException | RuntimeException gone) {
      isGone = true;
      if (live.endsWithItsStream()) {
        live.cancellation().cancel(Cancellation.Reason.CALLER_LEFT);
      }
    }
  }

  private static byte[] event(ObjectNode message) {
    return EventStream.event(message).getBytes(StandardCharsets.UTF_8);
  }

  private static void send(OutputStream stream, ObjectNode message) {
    try (stream) {
      stream.write(event(message));
    } catch (IOException | RuntimeException gone) {
      return; // how the call ended is in the ledger
    }
  }
}
