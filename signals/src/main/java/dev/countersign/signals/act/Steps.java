package dev.countersign.signals.act;

import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/// What the handlers still have to do, and how it went. Replicas share it: one step is worked on by
/// one of them at a time, and the steps of one person at one place are taken in the order in which
/// their tokens came.
public interface Steps {

  /// Takes steps that are due for a handler. Whoever takes them has until `until`; after that they
  /// are free again, so that a crash loses nothing.
  List<Step> take(String handler, int most, Instant now, Instant until);

  /// The step is done, for good or for bad.
  ///
  /// @param isDone whether it did what it should; else it is given up
  /// @param outcome the kind of end or of the last failure
  void settle(Step step, boolean isDone, String outcome, int status, Instant now);

  /// The step is to be tried again.
  ///
  /// @param error the kind of failure
  void postpone(Step step, String error, int status, Instant nextAt);

  /// Closes a token of which no step is left open.
  ///
  /// @param before called with what happened, before it is closed for good; not if a step is open
  ///   or the token is closed already
  void close(Inbox.TokenKey key, Instant now, Consumer<Finished> before);

  /// Tokens with no open step that are not closed: a crash came between.
  List<Inbox.TokenKey> unclosed(int most);

  /// Steps that were given up, the latest first.
  List<Dead> dead(int most);

  /// Has every step of a transaction that was given up tried again, as if it were new.
  ///
  /// @return how many
  int revive(String txn, Instant now);

  /// A step that was given up.
  ///
  /// @param outcome the kind of the last failure
  record Dead(
      Inbox.TokenKey key,
      String txn,
      String handler,
      String outcome,
      int status,
      int attempts,
      Instant at) {}

  /// One thing to do for one token.
  ///
  /// @param handler who does it
  /// @param event the type of the event
  /// @param eventAt when the event happened
  /// @param attempts how often it was taken, this time included
  record Step(
      Inbox.TokenKey key,
      String handler,
      String txn,
      String event,
      Instant eventAt,
      int attempts) {}

  /// A token of which every step has ended.
  record Finished(
      Inbox.TokenKey key, String txn, Instant eventAt, Instant receivedAt, List<Ended> steps) {
    public Finished {
      steps = List.copyOf(steps);
    }
  }

  /// How one step ended.
  record Ended(String handler, boolean isDone, String outcome, int attempts, Instant at) {}
}
