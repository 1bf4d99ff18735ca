package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.sts.Actor;
import dev.countersign.sts.Subject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One request that a person is asked to approve, and how that went.
///
/// @param jti the id that the on-behalf-of token will have
/// @param person whose request it is
/// @param actor who acts for the person
/// @param client the client whose request it is; only it may use the answer
/// @param agent the client's name for people
/// @param details exactly what is approved
/// @param policyVersion the policy that asked for it
/// @param lines the request in words, one per element, the amount first
/// @param sentTo the address that the last code went to, masked; empty before there was one
/// @param expiresAt until when the person may answer and, once approved, the answer may be used
/// @param factors what the person may prove it with; empty for anything
/// @param useWithin how old the answer may be when it is used; null for any age before `expiresAt`
/// @param approvers who else must approve: somebody with a mark of each of these sets, and never
///   the person; empty where the person approves
/// @param requester what those call the person: their mail address, else their key
/// @param tries wrong and right codes that were entered
/// @param isSent whether the next server took the code
/// @param channel the factor whose code was sent last, or null
/// @param codeFor the subject key of whom the last code was meant for, or null for the person
/// @param failure why the last code was not sent, for people, or null
/// @param answeredBy the subject key of who answered, where that is known
public record Approval(
    String id,
    String jti,
    Subject person,
    Actor actor,
    String client,
    String agent,
    String audience,
    String scope,
    AuthorizationDetails details,
    String policyVersion,
    List<Line> lines,
    String sentTo,
    Instant createdAt,
    Instant expiresAt,
    List<Factor> factors,
    @Nullable Duration useWithin,
    List<Set<String>> approvers,
    String requester,
    int tries,
    boolean isSent,
    @Nullable Factor channel,
    @Nullable String codeFor,
    @Nullable String failure,
    @Nullable Answer answer,
    @Nullable Instant answeredAt,
    @Nullable String answeredBy,
    @Nullable Instant consumedAt) {
  private static final int LEAST_NUMBER = 10;
  private static final int NUMBERS = 90;

  public Approval {
    lines = List.copyOf(lines);
    factors = List.copyOf(factors);
    approvers = approvers.stream().map(Set::copyOf).toList();
  }

  /// Whether somebody else than the person must approve.
  public boolean needsAnother() {
    return !approvers.isEmpty();
  }

  /// Whether the code that was sent last went to somebody.
  public boolean isSentTo(String subject) {
    return isSent && subject.equals(codeFor == null ? person.key() : codeFor);
  }

  /// Whether an answer, if there is one, is young enough to be used.
  public boolean isFresh(Instant now) {
    return useWithin == null || answeredAt == null || !now.isAfter(answeredAt.plus(useWithin));
  }

  /// Whether a factor will do.
  public boolean accepts(Factor factor) {
    return factors.isEmpty() || factors.contains(factor);
  }

  /// Two digits that the chat shows as well, so that people see which request of theirs this is.
  public String number() {
    int hash = Byte.toUnsignedInt(Digest.raw(("number " + id).getBytes(StandardCharsets.UTF_8))[0]);
    return Integer.toString(LEAST_NUMBER + hash % NUMBERS);
  }

  /// Whether the person has to type the number: where no code brings them here, the number does.
  /// Whoever approves for somebody else has no chat to read it in.
  public boolean asksForNumber() {
    return !isSent && !needsAnother();
  }

  /// The approval as the message says it that is being sent.
  Approval sentBy(Factor factor, String to, String recipient) {
    return new Approval(
        id,
        jti,
        person,
        actor,
        client,
        agent,
        audience,
        scope,
        details,
        policyVersion,
        lines,
        to,
        createdAt,
        expiresAt,
        factors,
        useWithin,
        approvers,
        requester,
        tries,
        isSent,
        factor,
        recipient,
        null,
        answer,
        answeredAt,
        answeredBy,
        consumedAt);
  }

  /// Where it stands now.
  public State state(Instant now) {
    if (consumedAt != null) {
      return State.USED;
    }
    if (answer != null) {
      return switch (answer) {
        case APPROVED -> now.isBefore(expiresAt) ? State.APPROVED : State.EXPIRED;
        case DENIED -> State.DENIED;
        case SUSPICIOUS -> State.SUSPICIOUS;
        case FAILED -> State.FAILED;
        case CANCELLED -> State.CANCELLED;
      };
    }
    return now.isBefore(expiresAt) ? State.PENDING : State.EXPIRED;
  }

  /// One element of the request for people.
  ///
  /// @param amount the money at stake, or null where there is none
  public record Line(@Nullable String amount, String sentence) {}

  /// How an approval was answered. There is one answer, and it stays.
  public enum Answer {
    APPROVED,
    DENIED,
    SUSPICIOUS,
    /// All tries were wrong.
    FAILED,
    /// The person's sessions ended first, it was withdrawn, or nobody could be asked.
    CANCELLED
  }

  /// Where an approval stands.
  public enum State {
    PENDING,
    APPROVED,
    DENIED,
    SUSPICIOUS,
    FAILED,
    CANCELLED,
    EXPIRED,
    USED
  }
}
