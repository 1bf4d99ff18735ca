package dev.countersign.server.prove;

import java.time.Duration;
import java.util.List;

/// One attack that was played, and what came of it.
///
/// @param kind whether something must be refused
/// @param attack its id in the corpus of attacks, such as `H04`; empty for a check that is none
/// @param tried what was tried, in words
/// @param box which box must refuse it
/// @param expected what must happen
/// @param saw what did
/// @param evidence the ledger's records of it: id, event and `jti`
/// @param traceId the trace that all its calls belonged to
public record Trial(
    Kind kind,
    String attack,
    String tried,
    String box,
    String expected,
    String saw,
    Result result,
    List<Evidence> evidence,
    String traceId,
    Duration took) {
  public Trial {
    evidence = List.copyOf(evidence);
  }

  Trial with(List<Evidence> found) {
    return new Trial(kind, attack, tried, box, expected, saw, result, found, traceId, took);
  }

  /// What a trial is.
  public enum Kind {
    /// It must be refused, and the refusal must be in the ledger where a box decides.
    ATTACK,
    /// It must go through: an installation that refuses everything proves nothing.
    CONTROL,
    /// Something is looked at; who only looks leaves no record.
    LOOK
  }

  /// A record of the ledger.
  ///
  /// @param record its writer and number
  /// @param jti joins it to `countersign trace`
  public record Evidence(String record, String event, String jti) {}
}
