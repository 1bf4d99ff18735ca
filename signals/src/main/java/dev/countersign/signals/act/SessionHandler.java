package dev.countersign.signals.act;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Ends a person's sessions at one place. Doing it twice does no more than doing it once.
///
/// Threads may share it.
public interface SessionHandler {

  /// Its name in the ledger, such as `sts`; never changes, because stored steps name it.
  String name();

  /// Whether the person can have sessions there.
  boolean concerns(Person person);

  /// Ends them.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if the place does not answer
  Outcome end(Ending ending);

  /// The calls that [#end] would make for a person, one each, without secrets.
  List<String> calls(Person person);

  /// What a call there does not end, in a sentence or two for operators.
  String limits();

  /// How an attempt ended.
  sealed interface Outcome {
    /// The HTTP status that the place answered; 0 where it did not.
    int status();

    /// There are no sessions there any more.
    ///
    /// @param what for the ledger, such as `ended` or `revoked 2`
    record Ended(String what, int status) implements Outcome {}

    /// The place does not know the person, so there is nothing to end.
    record NotFound(int status) implements Outcome {}

    /// It did not work; worth trying again.
    ///
    /// @param error the kind of failure, one word
    /// @param advice what an operator can mend; may be empty
    /// @param notBefore how long the place asked to wait
    record Failed(String error, int status, String advice, Optional<Duration> notBefore)
        implements Outcome {}

    /// It can never work.
    record Impossible(String error, int status) implements Outcome {}
  }
}
