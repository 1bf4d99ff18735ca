package dev.countersign.protocol.http;

import java.util.concurrent.Flow;
import java.util.function.Predicate;

/// Hands on the lines of a body until one is the last that anybody waits for, then drops the rest.
final class LinesUntil implements Flow.Subscriber<String> {
  private final Predicate<String> isLast;
  private final Runnable found;
  private boolean done;

  /// @param found run once, when the last line was handed on
  LinesUntil(Predicate<String> isLast, Runnable found) {
    this.isLast = isLast;
    this.found = found;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    subscription.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(String line) {
    if (!done && isLast.test(line)) {
      done = true;
      found.run();
    }
  }

  @Override
  public void onError(Throwable failed) {
    // The call itself fails with it.
  }

  @Override
  public void onComplete() {
    // The call itself ends with it.
  }
}
