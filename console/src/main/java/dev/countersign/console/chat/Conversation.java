package dev.countersign.console.chat;

import dev.countersign.protocol.Ids;
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
  private static final long KEPT_CHARACTERS = 4_000_000;
  private static final int PIECES = 200;

  /// The most characters of one answer that a page shows.
  static final int LONGEST_ANSWER = 100_000;

  private final String mark = Ids.random();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<ChatEvent> events = new ArrayList<>();
  private final StringBuilder answer = new StringBuilder();
  private String answerId = "";
  private int pieces;
  private long characters;
  private long last;

  /// What tells this conversation from every other: a page says for which one it listens.
  public String mark() {
    return mark;
  }

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

  /// Adds a piece of an answer. Many pieces become one text, so that a long answer pushes nothing
  /// else out.
  public void delta(String id, String piece) {
    lock.lock();
    try {
      if (!answerId.equals(id)) {
        answerId = id;
        answer.setLength(0);
        pieces = 0;
      }
      if (answer.length() >= LONGEST_ANSWER) {
        return;
      }
      answer.append(piece);
      if (++pieces % PIECES == 0) {
        said(id, answer.toString());
      } else {
        append("delta", StrictJson.object().put("id", id).put("text", piece));
      }
    } finally {
      lock.unlock();
    }
  }

  /// Adds the whole text of an answer in place of its pieces.
  public void said(String id, String text) {
    lock.lock();
    try {
      remove("delta", id);
      remove("said", id);
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

  private void remove(String kind, String id) {
    events.removeIf(event -> {
      boolean isMeant = event.is(kind, id);
      if (isMeant) {
        characters -= event.json().length();
      }
      return isMeant;
    });
  }

  private void append(String kind, ObjectNode data) {
    ChatEvent event = ChatEvent.of(++last, kind, data);
    events.add(event);
    characters += event.json().length();
    while (events.size() > KEPT || (characters > KEPT_CHARACTERS && events.size() > 1)) {
      characters -= events.removeFirst().json().length();
    }
    changed.signalAll();
  }
}
