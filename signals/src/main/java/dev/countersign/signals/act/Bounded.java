package dev.countersign.signals.act;

import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A handler whose calls end in time, whatever the other side does.
final class Bounded implements SessionHandler {
  private final SessionHandler handler;
  private final Duration limit;

  Bounded(SessionHandler handler, Duration limit) {
    this.handler = handler;
    this.limit = limit;
  }

  @Override
  public String name() {
    return handler.name();
  }

  @Override
  public boolean concerns(Person person) {
    return handler.concerns(person);
  }

  @Override
  public List<String> calls(Person person) {
    return handler.calls(person);
  }

  @Override
  public String limits() {
    return handler.limits();
  }

  @Override
  public Outcome end(Ending ending) {
    var call = new FutureTask<Outcome>(() -> handler.end(ending));
    Thread.ofVirtual().name("call-" + handler.name()).start(call);
    try {
      return call.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      call.cancel(true);
      throw new UnavailableException(handler.name() + ": no answer in time", late);
    } catch (InterruptedException stopped) {
      call.cancel(true);
      Thread.currentThread().interrupt();
      throw new UnavailableException(handler.name() + ": broken off", stopped);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(failed.getCause());
    }
  }
}
