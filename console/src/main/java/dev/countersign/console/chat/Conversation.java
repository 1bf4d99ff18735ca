package dev.countersign.console.chat;

import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.databind.node.ObjectNode;

/// What the pages of one session show, in order. A page that lost its connection says the last
/// event that it has and misses none; what a later event replaces is kept once. Threads may share
/// it.
public final class Conversation {
  private static final int KEPT = 2_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<ChatEvent> events = new ArrayList<>();
  private long last;

  /// Adds an event without identity, such as the state of a turn.
  public void add(String kind, ObjectNode data) {
    lock.lock();
    try {
      append(kind, data);
    } finally {
      lock.unlock();
    }
  }

  /// Adds an event that replaces all of the same kind and `id`, such as a card's newer state.
  public void replace(String kind, ObjectNode data) {
    lock.lock();
    try {
      remove(kind, data.path("id").asString(""));
      append(kind, data);
    } finally {
      lock.unlock();
    }
  }

  /// Adds the whole text of an answer in place of its pieces.
  public void said(String id, String text) {
    lock.lock();
    try {
      remove("delta", id);
      append("said", StrictJson.object().put("id", id).put("text", text));
    } finally {
      lock.unlock();
    }
  }

  /// The events after one, at once if there are any, else when there are.
  ///
  /// @param patience how long to wait for the first
  public List<ChatEvent> after(long seq, Duration patience) throws InterruptedException {
    long left = patience.toNanos();
    lock.lockInterruptibly();
    try {
      while (last <= seq && left > 0) {
        left = changed.awaitNanos(left);
      }
      return events.stream().filter(event -> event.seq() > seq).toList();
    } finally {
      lock.unlock();
    }
  }

  /// Wakes every page that waits, with nothing new.
  public void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void remove(String kind, String id) {
    events.removeIf(
        event -> event.kind().equals(kind) && event.data().path("id").asString("").equals(id));
  }

  private void append(String kind, ObjectNode data) {
    events.add(new ChatEvent(++last, kind, data));
    if (events.size() > KEPT) {
      events.removeFirst();
    }
    changed.signalAll();
  }
}
