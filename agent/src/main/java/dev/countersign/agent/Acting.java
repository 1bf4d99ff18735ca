package dev.countersign.agent;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One person's request to an agent, while it runs. Their bearer is in reach of the guarded client
/// and of nobody else: it is no argument of a tool, no part of a prompt, a memory or an exception.
///
/// ```java
/// String answer = Acting.forPerson(bearer).call(() -> assistant.chat(question));
/// ```
///
/// Threads may share it; a thread that the loop starts takes part through [#carrying(Executor)].
public final class Acting {
  private static final ScopedValue<Acting> CURRENT = ScopedValue.newInstance();

  private final Secret bearer;
  private final Set<Thread> calling = new HashSet<>();
  private boolean isCancelled;
  private @Nullable SignInRequiredException ended;

  private Acting(Secret bearer) {
    this.bearer = bearer;
  }

  /// Begins a request.
  ///
  /// @param bearer the person's token from their identity provider
  public static Acting forPerson(Secret bearer) {
    return new Acting(bearer);
  }

  /// The request that this thread works for.
  ///
  /// @throws IllegalStateException if it works for nobody, so that no call is made
  static Acting current() {
    if (!CURRENT.isBound()) {
      throw new IllegalStateException(
          "no person is acted for here: call through Acting, and carry it to other threads");
    }
    return CURRENT.get();
  }

  /// Runs the agent's loop for the person.
  ///
  /// @throws SignInRequiredException if a call met a token that is not accepted any more, whatever
  ///   the loop made of it
  public <T> T call(Supplier<T> loop) {
    T result;
    try {
      result = ScopedValue.where(CURRENT, this).call(loop::get);
    } catch (RuntimeException failed) {
      throwIfEnded();
      throw failed;
    }
    throwIfEnded();
    return result;
  }

  /// An executor whose tasks work for whoever the submitting thread works for.
  public static Executor carrying(Executor threads) {
    return task -> {
      Acting acting = current();
      threads.execute(() -> ScopedValue.where(CURRENT, acting).run(task));
    };
  }

  /// Stops it: calls that run are broken off, no further one begins. What a broken call had done is
  /// unknown to the agent; the gateway ends its login either way.
  public synchronized void cancel() {
    isCancelled = true;
    calling.forEach(Thread::interrupt);
  }

  /// The outcome of one call, or why there is none.
  CallOutcome during(CallOfPerson call) {
    synchronized (this) {
      if (ended != null) {
        return new CallOutcome.SignInRequired(ended.resourceMetadata());
      }
      if (isCancelled) {
        return cancelled();
      }
      calling.add(Thread.currentThread());
    }
    CallOutcome outcome;
    try {
      outcome = call.make(bearer);
    } finally {
      synchronized (this) {
        calling.remove(Thread.currentThread());
      }
    }
    if (outcome instanceof CallOutcome.SignInRequired(Optional<URI> metadata)) {
      end(metadata);
    }
    synchronized (this) {
      return isCancelled && outcome instanceof CallOutcome.Failed ? cancelled() : outcome;
    }
  }

  /// The person's bearer, for a list of tools.
  Secret bearer() {
    return bearer;
  }

  /// Notes that the person must sign in again.
  synchronized void end(Optional<URI> metadata) {
    ended = new SignInRequiredException(metadata);
  }

  private synchronized void throwIfEnded() {
    if (ended != null) {
      throw new SignInRequiredException(ended.resourceMetadata());
    }
  }

  private static CallOutcome cancelled() {
    return new CallOutcome.Failed(
        "cancelled",
        "this was cancelled; whether a call that was running took effect is unknown",
        StrictJson.object());
  }

  /// A call that needs the bearer.
  @FunctionalInterface
  interface CallOfPerson {
    CallOutcome make(Secret bearer);
  }
}
