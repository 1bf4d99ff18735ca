package dev.countersign.server.prove;

import dev.countersign.protocol.TraceContext;
import dev.countersign.protocol.http.WireClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/// What cannot be had by asking many times at once.
final class LimitAttacks {
  private static final int AT_ONCE = 24;
  private static final int LIMIT = 5;
  private static final Duration WINDOW = Duration.ofSeconds(11);

  private final Tenant tenant;

  LimitAttacks(Tenant tenant) {
    this.tenant = tenant;
  }

  Property property() {
    return new Property(
        "limits-hold",
        "A limit over time holds against requests that come at the same moment.",
        "a compromised agent that asks in parallel",
        this::play);
  }

  private void play(Scene scene) {
    scene.refused(
        "F01",
        "sts",
        AT_ONCE + " requests of 100 at once, against a limit of 500 in ten seconds",
        "no more than 5 tokens, and at least one",
        () -> {
          int granted = granted();
          if (granted == 0) { // an earlier run used the window up
            LockSupport.parkNanos(WINDOW.toNanos());
            granted = granted();
          }
          return granted;
        },
        granted ->
            new Scene.Seen(granted >= 1 && granted <= LIMIT, granted + " tokens of " + AT_ONCE));
  }

  private int granted() {
    TraceContext trace = TraceContext.current().orElseGet(() -> TraceContext.entering(""));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = new ArrayList<Future<WireClient.Answer>>();
      for (int i = 0; i < AT_ONCE; i++) {
        running.add(threads.submit(() -> traced(trace, this::ask)));
      }
      int granted = 0;
      for (Future<WireClient.Answer> one : running) {
        granted += Answers.grants(one.get()) ? 1 : 0;
      }
      return granted;
    } catch (ExecutionException failed) {
      throw new IllegalStateException("a request failed: " + failed.getCause(), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  private static WireClient.Answer traced(TraceContext trace, Callable<WireClient.Answer> call)
      throws Exception {
    var answer = new ArrayList<WireClient.Answer>(1);
    var failure = new ArrayList<Exception>(1);
    trace.run(() -> {
      try {
        answer.add(call.call());
      } catch (Exception failed) {
        failure.add(failed);
      }
    });
    if (!failure.isEmpty()) {
      throw failure.getFirst();
    }
    return answer.getFirst();
  }

  private WireClient.Answer ask() {
    return tenant
        .client()
        .exchange(
            tenant.bearer(),
            tenant.tokenType(),
            tenant.scope(),
            tenant.audience(),
            Writes.counted().details().canonical());
  }
}
