package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import dev.countersign.sts.Kill;
import dev.countersign.sts.stepup.OneTimeCodes.SealedCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Where approvals are kept, for all replicas.
public interface Approvals {

  /// Finds the open approval of exactly this request, or keeps the draft as a new one.
  ///
  /// @param key equal for requests that are the same to the person who is asked
  /// @param addresses where its codes may go, sealed
  /// @param promptsPerHour how many new ones a person gets in an hour
  /// @param cooling how long a person's new address is known before a code goes there; the first
  ///   one of a person is used at once
  Opened open(
      Approval draft,
      String key,
      List<DeliveryAddresses.Kept> addresses,
      Duration cooling,
      int promptsPerHour);

  /// From when somebody's address may be used; empty if it may be used now. Their first one is used
  /// at once, a changed one once it has been known for `cooling`.
  ///
  /// @param digest keyed, of the address
  Optional<Instant> usableFrom(
      String subject, Factor factor, String digest, Duration cooling, Instant now);

  /// Claims the writing to those who may approve for the person, once for all replicas.
  boolean claimInviting(String id, Instant now);

  /// Claims the sending of a code, once for all replicas, and keeps its seal; an older code of this
  /// approval is void from then on.
  Claim claimSending(String id, Sending sending);

  /// Notes that the next server took the code.
  void sent(String id, Instant now);

  /// Notes that it did not, and frees the claim.
  void notSent(String id, Factor factor, String reason);

  Optional<Approval> find(String id);

  /// An approval of this person, or one that they may give for somebody else. One statement, whose
  /// answer is the same for an id that is none of theirs and for one that does not exist.
  Optional<Approval> findOf(String id, Visitor visitor);

  /// An approval of this client, likewise.
  Optional<Approval> findOfClient(String id, String client);

  /// Warns whoever listens to our signals that somebody tried to ride on an approval.
  void warn(Approval approval, String reason, Instant at);

  /// Counts a client's poll. One that comes before its interval has passed lengthens the interval
  /// by five seconds.
  ///
  /// @return empty if this client has no such approval
  Optional<StepUps.Polled> poll(String id, String client, Instant now);

  /// Where codes of an open approval may go by one factor.
  Optional<DeliveryAddresses.Kept> address(String id, Factor factor);

  /// The newest approvals first.
  ///
  /// @param subject of one person, or empty for all
  List<Approval> list(String subject, int limit);

  /// Forgets counts, visits and attempts of before.
  void forget(Instant before);

  /// Runs `work` alone: no other answer for the same person happens meanwhile, and what it did is
  /// durable when this returns, or undone if it throws.
  ///
  /// @param answerer the subject key of who answers, or null for the person
  /// @return empty if there is no such approval
  <T> Optional<T> inTurn(String id, @Nullable String answerer, Function<Turn, T> work);

  /// What opening came to.
  sealed interface Opened {
    /// It is there, found or new.
    ///
    /// @param withheld the factors whose address is new, and from when codes go there
    record Open(Approval approval, Map<Factor, Instant> withheld) implements Opened {}

    /// The person was asked too often within the hour.
    record TooMany() implements Opened {}
  }

  /// A code that is about to be sent.
  ///
  /// @param subject whom it is for
  /// @param claimedBefore a claim older than this that led to nothing is free again
  /// @param again whether it may take the place of a code that was sent
  /// @param perHour how many codes a person gets by this factor in an hour
  record Sending(
      Factor factor,
      String subject,
      String sentTo,
      SealedCode code,
      Instant now,
      Instant claimedBefore,
      boolean again,
      int perHour) {}

  /// Who sends a code.
  enum Claim {
    /// The caller does.
    CLAIMED,
    /// Somebody else does or did.
    TAKEN,
    /// Nobody: the person had too many within the hour.
    TOO_MANY
  }

  /// The one who may change an approval now.
  interface Turn {
    Approval approval();

    /// The subject key of who answers.
    String answerer();

    /// When the sessions of who answers were ended last, if they are locked out now.
    Optional<Instant> lockedOutAt();

    /// The seal of the code that was sent, if one was.
    @Nullable SealedCode code();

    void countTry();

    /// Counts a wrong proof of who answers.
    void countWrong(Instant at);

    /// How many proofs of who answers were wrong since then.
    int wrongSince(Instant since);

    /// The passkeys of who answers.
    List<Passkeys.Passkey> passkeys();

    /// Notes that one of them was used.
    void passkeyUsed(String credentialId, long signCount, Instant at);

    /// Gives the answer, by who answers.
    ///
    /// @param expiresAt until when it may be used
    void answer(Approval.Answer answer, Instant at, Instant expiresAt);

    void consume(Instant at);

    /// Makes it void, given or not.
    void withdraw(Instant at);

    /// Notes a strike for this approval and counts the person's strikes since then.
    int strike(Instant at, Instant since);

    void clearStrikes();

    /// Ends the person's sessions in the same transaction.
    void close(Kill kill);
  }
}
