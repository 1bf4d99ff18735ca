package dev.countersign.box;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Answers questions that are asked at the same moment in one go, such as one statement for what
/// twenty requests want to know. One that is asked alone is answered at once, by its own thread;
/// those that come while an answer is on its way are answered together by the next.
///
/// Nobody is answered from before they asked. Threads may share it.
///
/// @param <Q> a question
/// @param <A> its answer
public final class Together<Q, A> {
  private final int largest;
  private final Function<List<Q>, List<A>> work;
  private final Queue<Asked<Q, A>> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean busy = new AtomicBoolean();

  /// @param largest the most questions in one go
  /// @param work answers questions, each in its place; where it throws, it is asked each question
  ///   alone, so that nobody suffers from another's
  public Together(int largest, Function<List<Q>, List<A>> work) {
    this.largest = largest;
    this.work = work;
  }

  /// Asks and waits for the answer.
  ///
  /// @throws RuntimeException what the work threw about this question
  public A ask(Q question) {
    var mine = new Asked<Q, A>(question);
    waiting.add(mine);
    if (busy.compareAndSet(false, true) || mine.waitsUntilItLeads()) {
      try {
        while (!mine.isDone()) { // more than one go where many came before
          answerSome();
        }
      } finally {
        passOn();
      }
    }
    return mine.answer();
  }

  private void answerSome() {
    var group = new ArrayList<Asked<Q, A>>();
    for (Asked<Q, A> next = waiting.poll(); next != null; next = waiting.poll()) {
      group.add(next);
      if (group.size() == largest) {
        break;
      }
    }
    try {
      List<A> answers = work.apply(group.stream().map(asked -> asked.question).toList());
      for (int i = 0; i < group.size(); i++) {
        group.get(i).answered(answers.get(i));
      }
    } catch (RuntimeException failed) {
      if (group.size() == 1) {
        group.getFirst().failed(failed);
      } else {
        group.forEach(this::answerAlone);
      }
    } finally {
      // What no answer came for, by an error of ours or of the machine, must not wait for ever.
      group.forEach(Asked::over);
    }
  }

  private void answerAlone(Asked<Q, A> asked) {
    try {
      asked.answered(work.apply(List.of(asked.question)).getFirst());
    } catch (RuntimeException failed) {
      asked.failed(failed);
    }
  }

  // INVARIANT: while `busy` is set, exactly one thread leads. Whoever stops leading makes the first
  // in line lead, or clears `busy` and then looks again for one that came meanwhile.
  private void passOn() {
    do {
      Asked<Q, A> next = waiting.peek();
      if (next != null) {
        next.leads();
        return;
      }
      busy.set(false);
    } while (!waiting.isEmpty() && busy.compareAndSet(false, true));
  }

  /// One question with whoever waits for its answer.
  private static final class Asked<Q, A> {
    private final Q question;
    private final Thread thread = Thread.currentThread();
    private @Nullable A answer;
    private @Nullable RuntimeException failure;
    private volatile boolean done;
    private volatile boolean leads;

    Asked(Q question) {
      this.question = question;
    }

    /// Waits, and says whether this thread is to lead now; if not, it is answered.
    boolean waitsUntilItLeads() {
      boolean interrupted = false;
      while (!done && !leads) {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return leads;
    }

    void leads() {
      leads = true;
      LockSupport.unpark(thread);
    }

    boolean isDone() {
      return done;
    }

    void answered(A value) {
      answer = value;
      over();
    }

    void failed(RuntimeException why) {
      failure = why;
      over();
    }

    void over() {
      if (!done) {
        done = true;
        LockSupport.unpark(thread);
      }
    }

    A answer() {
      if (failure != null) {
        throw failure;
      }
      return Objects.requireNonNull(answer, "no answer came");
    }
  }
}
