package dev.countersign.sts.stepup;

import dev.countersign.sts.Kill;
import dev.countersign.sts.stepup.OneTimeCodes.SealedCode;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Where approvals are kept, for all replicas.
public interface Approvals {

  /// Finds the open approval of exactly this request, or keeps the draft as a new one.
  ///
  /// @param key equal for requests that are the same to the person who is asked
  /// @param promptsPerHour how many new ones a person gets in an hour
  Opened open(Approval draft, String key, int promptsPerHour);

  /// Claims the sending of a code, once for all replicas, and keeps its seal; an older code of this
  /// approval is void from then on.
  ///
  /// @param claimedBefore a claim older than this that led to no mail is free again
  /// @return whether the caller is the one who sends
  boolean claimSending(String id, SealedCode code, Instant now, Instant claimedBefore);

  /// Notes that the mail server took the code.
  void sent(String id, Instant now);

  Optional<Approval> find(String id);

  /// Counts a client's poll. One that comes before its interval has passed lengthens the interval
  /// by five seconds.
  ///
  /// @return empty if this client has no such approval
  Optional<StepUps.Polled> poll(String id, String client, Instant now);

  /// Runs `work` alone: no other answer for the same person happens meanwhile, and what it did is
  /// durable when this returns, or undone if it throws.
  ///
  /// @return empty if there is no such approval
  <T> Optional<T> inTurn(String id, Function<Turn, T> work);

  /// What opening came to.
  sealed interface Opened {
    /// It is there, found or new.
    record Open(Approval approval) implements Opened {}

    /// The person was asked too often within the hour.
    record TooMany() implements Opened {}
  }

  /// The one who may change an approval now.
  interface Turn {
    Approval approval();

    /// The seal of the code that was sent, if one was.
    @Nullable SealedCode code();

    void countTry();

    /// Gives the answer.
    ///
    /// @param expiresAt until when it may be used
    void answer(Approval.Answer answer, Instant at, Instant expiresAt);

    void consume(Instant at);

    /// Notes a strike for this approval and counts the person's strikes since then.
    int strike(Instant at, Instant since);

    void clearStrikes();

    /// Ends the person's sessions in the same transaction.
    void close(Kill kill);
  }
}
