package dev.countersign.sts.stepup;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.sts.Kill;
import dev.countersign.sts.StepUpSettings;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Takes answers: five tries per approval, one answer. Three strikes or one "suspicious" end the
/// person's sessions.
///
/// A grant is in the ledger before it is durable; everything that takes away is durable first, so
/// that a ledger that is away cannot keep a kill from happening.
///
/// Threads may share it.
public final class Answers {
  /// Who approves in the last moment still leaves the caller this long to use it.
  private static final Duration GRACE = Duration.ofSeconds(60);

  private static final Duration HOUR = Duration.ofHours(1);

  private final StepUpSettings settings;
  private final Approvals approvals;
  private final List<ApprovalFactor> factors;
  private final BiPredicate<Approval, String> mayApprove;
  private final ApprovalLedger ledger;
  private final InstantSource clock;

  /// @param mayApprove whether it takes this subject to approve
  public Answers(
      StepUpSettings settings,
      Approvals approvals,
      List<ApprovalFactor> factors,
      BiPredicate<Approval, String> mayApprove,
      ApprovalLedger ledger,
      InstantSource clock) {
    this.settings = settings;
    this.approvals = approvals;
    this.factors = List.copyOf(factors);
    this.mayApprove = mayApprove;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Takes a proof.
  ///
  /// @return empty if there is no such approval, or none of this approver
  public Optional<Answered> approve(String id, Approver by, Proof proof) {
    return answer(id, by, turn -> tried(turn, by, proof));
  }

  /// Takes a no.
  public Optional<Answered> deny(String id, Approver by) {
    return answer(id, by, turn -> refuse(turn, Approval.Answer.DENIED));
  }

  /// Takes a report that the person never asked for this: the person's sessions end at once.
  public Optional<Answered> reportSuspicious(String id, Approver by) {
    return answer(id, by, this::suspect);
  }

  private Optional<Answered> answer(
      String id, Approver by, Function<Approvals.Turn, Answered> work) {
    // Looked up first, so that a stranger neither waits for the person's row nor learns by the time
    // it takes whether there is such an approval. Its person and client never change.
    boolean isTheirs = by.find(approvals, id).isPresent();
    if (!isTheirs) {
      ledger.stranger(id, by.name());
      return Optional.empty();
    }
    Optional<Answered> answered =
        approvals.inTurn(id, by.answerer(), turn -> whilePending(turn, by, work));
    answered.ifPresent(one -> tell(one, by));
    return answered;
  }

  private Answered whilePending(
      Approvals.Turn turn, Approver by, Function<Approvals.Turn, Answered> work) {
    Approval.State state = turn.approval().state(clock.instant());
    if (state != Approval.State.PENDING) {
      return new Answered.NotAnswerable(turn.approval(), state);
    }
    return by.isLockedOut(turn) ? new Answered.NotTheirs(turn.approval()) : work.apply(turn);
  }

  private Answered tried(Approvals.Turn turn, Approver by, Proof proof) {
    Approval approval = turn.approval();
    Instant now = clock.instant();
    if (!mayApprove.test(approval, turn.answerer())) {
      return new Answered.NotTheirs(approval);
    }
    if (turn.wrongSince(now.minus(HOUR)) >= settings.wrongCodesPerHour()) {
      return new Answered.Locked(approval);
    }
    for (ApprovalFactor factor : factors) {
      if (!approval.accepts(factor.kind()) || !proof.isOf(factor.kind())) {
        continue;
      }
      switch (factor.check(turn, proof)) {
        case ApprovalFactor.Verdict.NotAsked() -> {}
        case ApprovalFactor.Verdict.Wrong() -> {
          return wrong(turn, now);
        }
        case ApprovalFactor.Verdict.Right(String evidence) -> {
          boolean needsNumber = approval.asksForNumber() && by instanceof Approver.OnPage;
          return needsNumber && !approval.number().equals(proof.number().strip())
              ? wrong(turn, now)
              : accept(turn, factor, evidence);
        }
      }
    }
    return new Answered.NotAnswerable(approval, Approval.State.PENDING);
  }

  private Answered wrong(Approvals.Turn turn, Instant now) {
    turn.countTry();
    turn.countWrong(now);
    int left = settings.codeTries() - turn.approval().tries() - 1;
    return left > 0
        ? new Answered.WrongCode(turn.approval(), left)
        : refuse(turn, Approval.Answer.FAILED);
  }

  private Answered accept(Approvals.Turn turn, ApprovalFactor factor, String evidence) {
    Approval approval = turn.approval();
    Instant now = clock.instant();
    Instant usable = now.plus(GRACE);
    turn.answer(
        Approval.Answer.APPROVED,
        now,
        usable.isAfter(approval.expiresAt()) ? usable : approval.expiresAt());
    turn.clearStrikes();
    ledger.note(
        LedgerEvent.APPROVAL_GIVEN,
        approval,
        data ->
            data.put("factor", factor.kind().code())
                .put("by", turn.answerer())
                .put("evidence", evidence)
                .put("digest", approval.details().digest())
                .put("tries", approval.tries() + 1));
    return new Answered.Taken(approval, Approval.Answer.APPROVED, null);
  }

  private Answered refuse(Approvals.Turn turn, Approval.Answer answer) {
    Approval approval = turn.approval();
    Instant now = clock.instant();
    turn.answer(answer, now, approval.expiresAt());
    int strikes = turn.strike(now, now.minus(settings.strikeWindow()));
    Kill kill = null;
    if (strikes >= settings.strikes()) {
      kill =
          kill(
              approval,
              strikes
                  + " denied or failed approvals within "
                  + settings.strikeWindow().toSeconds()
                  + " seconds",
              now);
      turn.close(kill);
    }
    return new Answered.Taken(approval, answer, kill);
  }

  private Answered suspect(Approvals.Turn turn) {
    Approval approval = turn.approval();
    Instant now = clock.instant();
    turn.answer(Approval.Answer.SUSPICIOUS, now, approval.expiresAt());
    Kill kill =
        kill(approval, who(turn.answerer(), approval) + " reported a request as suspicious", now);
    turn.close(kill);
    return new Answered.Taken(approval, Approval.Answer.SUSPICIOUS, kill);
  }

  private static String who(String answerer, Approval approval) {
    return answerer.equals(approval.person().key()) ? "the person" : "whoever was to approve";
  }

  private static Kill kill(Approval approval, String reason, Instant now) {
    return new Kill(
        approval.person().key(),
        approval.jti(),
        reason,
        Kill.Initiator.USER,
        now,
        Kill.Announce.TRANSMITTER);
  }

  private void tell(Answered answered, Approver by) {
    switch (answered) {
      case Answered.Taken(Approval approval, Approval.Answer answer, Kill kill) -> {
        switch (answer) {
          case APPROVED, CANCELLED -> {}
          case DENIED -> denied(approval, by, " denied the request");
          case SUSPICIOUS -> denied(approval, by, " reported the request as suspicious");
          case FAILED ->
              ledger.note(
                  LedgerEvent.APPROVAL_FAILED,
                  approval,
                  data -> data.put("reason", "every try was a wrong code").put("final", true));
        }
        if (kill != null) {
          note(LedgerEvent.EXCHANGE_KILLED, approval, kill.reason());
        }
      }
      case Answered.WrongCode(Approval approval, int left) ->
          ledger.note(
              LedgerEvent.APPROVAL_FAILED,
              approval,
              data ->
                  data.put("reason", "a wrong code").put("tries_left", left).put("final", false));
      case Answered.Locked(Approval approval) ->
          notFinal(approval, "too many wrong codes of this person within the hour");
      case Answered.NotTheirs(Approval approval) ->
          ledger.note(
              LedgerEvent.APPROVAL_REFUSED,
              approval,
              data ->
                  data.put("by", by.name())
                      .put("reason", "it takes somebody else to approve this")
                      .put("final", false));
      case Answered.NotAnswerable(Approval approval, Approval.State state) ->
          notFinal(
              approval,
              "an answer came while the approval was " + state.name().toLowerCase(Locale.ROOT));
    }
  }

  private void denied(Approval approval, Approver by, String what) {
    String answerer = by.answerer() == null ? approval.person().key() : by.answerer();
    ledger.note(
        LedgerEvent.APPROVAL_DENIED,
        approval,
        data -> data.put("by", answerer).put("reason", who(answerer, approval) + what));
  }

  private void note(LedgerEvent event, Approval approval, String reason) {
    ledger.note(event, approval, data -> data.put("reason", reason));
  }

  private void notFinal(Approval approval, String reason) {
    ledger.note(
        LedgerEvent.APPROVAL_FAILED,
        approval,
        data -> data.put("reason", reason).put("final", false));
  }

  /// Who answers.
  public sealed interface Approver {
    /// The approval, if it is theirs to answer.
    Optional<Approval> find(Approvals approvals, String id);

    /// Whom the ledger names.
    String name();

    /// The subject key, or null for the person whose request it is.
    @Nullable String answerer();

    /// Whether their sessions were ended since they came; looked at while nobody can end them.
    boolean isLockedOut(Approvals.Turn turn);

    /// Somebody who signed in.
    record OnPage(Visitor visitor) implements Approver {
      @Override
      public Optional<Approval> find(Approvals approvals, String id) {
        return approvals.findOf(id, visitor);
      }

      @Override
      public String name() {
        return visitor.subject();
      }

      @Override
      public String answerer() {
        return visitor.subject();
      }

      @Override
      public boolean isLockedOut(Approvals.Turn turn) {
        return turn.lockedOutAt().filter(at -> !at.isBefore(visitor.signedInAt())).isPresent();
      }
    }

    /// A client that is registered to pass codes on, with the challenge of this approval.
    record Client(String id) implements Approver {
      @Override
      public Optional<Approval> find(Approvals approvals, String approval) {
        return approvals.findOfClient(approval, id);
      }

      @Override
      public String name() {
        return "";
      }

      @Override
      public @Nullable String answerer() {
        return null;
      }

      @Override
      public boolean isLockedOut(Approvals.Turn turn) {
        return false;
      }
    }
  }

  /// What an answer came to.
  public sealed interface Answered {
    /// The answer counts.
    ///
    /// @param kill what it led to, if it ended the person's sessions
    record Taken(Approval approval, Approval.Answer answer, @Nullable Kill kill)
        implements Answered {}

    /// The code was wrong.
    record WrongCode(Approval approval, int triesLeft) implements Answered {}

    /// This person entered too many wrong codes within the hour, so none is looked at.
    record Locked(Approval approval) implements Answered {}

    /// It takes somebody else to approve this.
    record NotTheirs(Approval approval) implements Answered {}

    /// The approval is not waiting for an answer.
    record NotAnswerable(Approval approval, Approval.State state) implements Answered {}
  }
}
