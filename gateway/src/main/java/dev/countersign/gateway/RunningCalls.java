package dev.countersign.gateway;

import dev.countersign.protocol.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The calls that this replica is making: who may stop which, and how many one person has at a
/// time. Threads may share it.
///
/// What is here only ever ends something, so that a replica which forgets it permits nothing.
public final class RunningCalls {
  private final int mostPerPerson;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, List<Cancellation>> byName = new HashMap<>();
  private final Map<String, Integer> perPerson = new HashMap<>();

  /// @param mostPerPerson how many calls of one person run at a time
  public RunningCalls(int mostPerPerson) {
    this.mostPerPerson = mostPerPerson;
  }

  /// The name under which a call can be stopped: by the same person and client, with the same
  /// token, by the id of its request.
  ///
  /// @param id as it is written in JSON, so that a text and a number differ
  public static String name(Caller caller, String id) {
    String text =
        String.join(
            "\n",
            caller.subject(),
            caller.client(),
            Digest.sha256(caller.presented().reveal()),
            id);
    return Digest.sha256(text);
  }

  /// Notes that a call begins; empty if the person has too many running.
  public Optional<Running> begin(Caller caller, String name, Cancellation cancellation) {
    lock.lock();
    try {
      int before = perPerson.getOrDefault(caller.subject(), 0);
      if (before >= mostPerPerson) {
        return Optional.empty();
      }
      perPerson.put(caller.subject(), before + 1);
      byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(cancellation);
      return Optional.of(() -> end(caller.subject(), name, cancellation));
    } finally {
      lock.unlock();
    }
  }

  private void end(String subject, String name, Cancellation cancellation) {
    lock.lock();
    try {
      perPerson.computeIfPresent(subject, (_, count) -> count == 1 ? null : count - 1);
      byName.computeIfPresent(
          name,
          (_, calls) -> {
            calls.remove(cancellation);
            return calls.isEmpty() ? null : calls;
          });
    } finally {
      lock.unlock();
    }
  }

  /// Stops the call of this name. Where two have it, nobody can say which is meant, and both go on.
  public void cancel(String name) {
    List<Cancellation> meant;
    lock.lock();
    try {
      meant = List.copyOf(byName.getOrDefault(name, List.of()));
    } finally {
      lock.unlock();
    }
    if (meant.size() == 1) {
      meant.getFirst().cancel(Cancellation.Reason.CALLER_ASKED);
    }
  }

  /// A call that is noted until this is closed.
  @FunctionalInterface
  public interface Running extends AutoCloseable {
    @Override
    void close();
  }
}
