package dev.countersign.console.chat;

import dev.countersign.console.Traces;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The chat of one session: what its pages show, what the model has read, and the one turn that may
/// run. Threads may share it.
public final class Chat {
  private static final int KEPT_MESSAGES = 80;
  private static final int KEPT_IDS = 500;

  private final Conversation conversation = new Conversation();
  private final List<Message> read = new ArrayList<>();
  private final Set<String> ids = new LinkedHashSet<>();
  private final Traces traces;
  private final Map<String, Runnable> waiting = new HashMap<>();
  private @Nullable Thread turn;
  private boolean isOver;

  /// @param traces where the calls of this chat's person are noted
  public Chat(Traces traces) {
    this.traces = traces;
  }

  public Conversation conversation() {
    return conversation;
  }

  /// How a message was taken.
  public enum Taken {
    /// A turn has begun.
    BEGUN,
    /// The same message was taken before, as when a page sent it twice; nothing was done.
    REPEATED,
    /// Another turn still runs; nothing was done.
    BUSY,
    /// The session has ended; nothing was done.
    ENDED
  }

  /// Begins a turn with a message of the person, unless one runs or the message is known.
  ///
  /// @param id the page's own name for the message
  /// @param work done on a thread of its own, which is interrupted when the person cancels
  public synchronized Taken begin(String id, String text, Runnable work) {
    if (isOver) {
      return Taken.ENDED;
    }
    if (ids.contains(id)) {
      return Taken.REPEATED;
    }
    if (turn != null) {
      return Taken.BUSY;
    }
    ids.add(id);
    if (ids.size() > KEPT_IDS) {
      ids.remove(ids.iterator().next());
    }
    hear(new Message.Person(text));
    conversation.add("person", StrictJson.object().put("id", id).put("text", text));
    turn(true, "");
    turn = Thread.ofVirtual().name("chat-turn").start(work);
    return Taken.BEGUN;
  }

  /// The turn has ended.
  ///
  /// @param problem for the person, or empty
  synchronized void finish(String problem) {
    turn = null;
    waiting.clear();
    turn(false, problem);
  }

  private void turn(boolean runs, String problem) {
    conversation.replace(
        "turn",
        StrictJson.object()
            .put("id", "turn")
            .put("state", runs ? "running" : "done")
            .put("problem", problem));
  }

  /// Stops the turn that runs, if one does.
  public synchronized void cancel() {
    if (turn != null) {
      turn.interrupt();
    }
  }

  /// The session is over: nothing runs on, and every page is told.
  ///
  /// @param reason for the person
  public synchronized void end(String reason) {
    if (isOver) {
      return;
    }
    isOver = true;
    cancel();
    conversation.add("session", StrictJson.object().put("state", "ended").put("reason", reason));
  }

  /// Whether it has ended, and the conversation says why and how the last turn went.
  public synchronized boolean isFinished() {
    return isOver && turn == null;
  }

  /// Adds to what the model reads. Old messages fall away, from one message of the person to the
  /// next, so that no result is left without its call.
  synchronized void hear(Message message) {
    read.add(message);
    while (read.size() > KEPT_MESSAGES) {
      do {
        read.removeFirst();
      } while (!read.isEmpty() && !(read.getFirst() instanceof Message.Person));
    }
  }

  synchronized List<Message> read() {
    return List.copyOf(read);
  }

  /// The calls that this chat's person may look at.
  public Traces traces() {
    return traces;
  }

  /// Names what asks again for a card that waits for the person.
  synchronized void await(String card, Runnable again) {
    waiting.put(card, again);
  }

  synchronized void answered(String card) {
    waiting.remove(card);
  }

  /// The person says that they have answered: the card's call is asked again now, not later.
  public synchronized void again(String card) {
    Runnable ask = waiting.get(card);
    if (ask != null) {
      ask.run();
    }
  }
}
