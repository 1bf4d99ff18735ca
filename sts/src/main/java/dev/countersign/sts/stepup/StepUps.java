package dev.countersign.sts.stepup;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.policy.StepUpOptions;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.Kill;
import dev.countersign.sts.StepUpSettings;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Asks a person, and takes the answer: one approval per request, one code per approval, five
/// tries, one answer. Three strikes or one "suspicious" end the person's sessions.
///
/// A grant is in the ledger before it is durable; everything that takes away is durable first, so
/// that a ledger that is away cannot keep a kill from happening.
///
/// Threads may share it.
public final class StepUps {
  /// A sender that died with a claim is replaced after this long.
  private static final Duration CLAIM = Duration.ofSeconds(30);

  /// Who approves in the last moment still leaves the caller this long to use it.
  private static final Duration GRACE = Duration.ofSeconds(60);

  /// The factors that are there.
  public static final Set<Factor> FACTORS = Set.of(Factor.EMAILOTP);

  private final URI issuer;
  private final StepUpSettings settings;
  private final Approvals approvals;
  private final OneTimeCodes codes;
  private final CodeSender sender;
  private final Ledger ledger;
  private final InstantSource clock;

  public StepUps(
      URI issuer,
      StepUpSettings settings,
      Approvals approvals,
      OneTimeCodes codes,
      CodeSender sender,
      Ledger ledger,
      InstantSource clock) {
    this.issuer = issuer;
    this.settings = settings;
    this.approvals = approvals;
    this.codes = codes;
    this.sender = sender;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Finds or opens the approval of a request and sees that its code is sent once.
  ///
  /// @param draft the approval as it would be new
  /// @param address where its code goes
  /// @return empty if the person was asked too often
  public Optional<Approval> open(Approval draft, String address) {
    return switch (approvals.open(draft, key(draft), settings.promptsPerHour())) {
      case Approvals.Opened.Open(Approval approval) -> Optional.of(delivered(approval, address));
      case Approvals.Opened.TooMany() -> Optional.empty();
    };
  }

  /// The approval as a page or a client may see it.
  public Optional<Approval> find(String id) {
    return approvals.find(id);
  }

  /// An approval as its client polls it; counts the poll.
  ///
  /// @return empty if this client has no such approval
  public Optional<Polled> poll(String id, String client, Instant now) {
    return approvals.poll(id, client, now);
  }

  /// Until when a new approval may be answered.
  public Instant expiry(Instant now, StepUpOptions options) {
    Duration longest = settings.approvalLifetime();
    Duration asked = options.answerWithin() == null ? longest : options.answerWithin();
    return now.plus(asked.compareTo(longest) < 0 ? asked : longest);
  }

  /// Whether a person can be asked by one of the factors that a policy wants.
  public boolean canAsk(StepUpOptions options) {
    return FACTORS.stream().anyMatch(options::accepts);
  }

  /// How many codes may be entered for one approval.
  public int tries() {
    return settings.codeTries();
  }

  /// The page where the person answers.
  public URI page(String id) {
    return URI.create(issuer + "/approve/" + id);
  }

  /// Takes a code.
  public Optional<Answered> approve(String id, String entered) {
    Optional<Answered> answered = approvals.inTurn(id, turn -> tryCode(turn, entered));
    answered.ifPresent(this::tell);
    return answered;
  }

  /// Takes a no.
  public Optional<Answered> deny(String id) {
    Optional<Answered> answered =
        approvals.inTurn(
            id, turn -> whilePending(turn, () -> refuse(turn, Approval.Answer.DENIED)));
    answered.ifPresent(this::tell);
    return answered;
  }

  /// Takes a report that the person never asked for this: the person's sessions end at once.
  public Optional<Answered> reportSuspicious(String id) {
    Optional<Answered> answered =
        approvals.inTurn(id, turn -> whilePending(turn, () -> suspect(turn)));
    answered.ifPresent(this::tell);
    return answered;
  }

  /// Uses an approval up, once.
  ///
  /// @param beforeDurable what must have been written down first; if it throws, nothing is used up
  /// @return whether this call is the one that used it
  public boolean consume(String id, Instant now, Runnable beforeDurable) {
    return approvals
        .inTurn(
            id,
            turn -> {
              if (turn.approval().state(now) != Approval.State.APPROVED) {
                return false;
              }
              turn.consume(now);
              beforeDurable.run();
              return true;
            })
        .orElse(false);
  }

  private static String key(Approval draft) {
    return Digest.sha256(
        StrictJson.write(
            StrictJson.array()
                .add(draft.person().key())
                .add(draft.actor().stored())
                .add(draft.client())
                .add(draft.details().digest())
                .add(draft.policyVersion())
                .add(draft.audience())
                .add(draft.scope())));
  }

  private Approval delivered(Approval approval, String address) {
    Instant now = clock.instant();
    if (approval.isSent() || approval.state(now) != Approval.State.PENDING) {
      return approval;
    }
    Secret code = codes.draw();
    boolean claimed =
        approvals.claimSending(
            approval.id(), codes.seal(approval.id(), code), now, now.minus(CLAIM));
    if (claimed) {
      send(approval, address, code);
    }
    return approvals.find(approval.id()).orElse(approval);
  }

  // No transaction is open here: a slow mail server must not hold a connection of the pool.
  private void send(Approval approval, String address, Secret code) {
    try {
      sender.send(address, approval, page(approval.id()), code);
    } catch (CodeSender.NotSent failed) {
      append(
          LedgerEvent.APPROVAL_FAILED,
          approval,
          data(approval)
              .put("reason", "the code was not sent: " + failed.getMessage())
              .put("final", false));
      return;
    }
    approvals.sent(approval.id(), clock.instant());
    append(
        LedgerEvent.APPROVAL_SENT,
        approval,
        data(approval)
            .put("channel", "mail")
            .put("to", approval.sentTo())
            .put("digest", approval.details().digest()));
  }

  private Answered tryCode(Approvals.Turn turn, String entered) {
    return whilePending(
        turn,
        () -> {
          var code = turn.code();
          if (code == null || !turn.approval().accepts(Factor.EMAILOTP)) {
            return new Answered.NotAnswerable(turn.approval(), Approval.State.PENDING);
          }
          turn.countTry();
          int left = settings.codeTries() - turn.approval().tries() - 1;
          if (codes.opens(code, turn.approval().id(), entered)) {
            return accept(turn);
          }
          return left > 0
              ? new Answered.WrongCode(turn.approval(), left)
              : refuse(turn, Approval.Answer.FAILED);
        });
  }

  private Answered whilePending(Approvals.Turn turn, Supplier<Answered> work) {
    Approval.State state = turn.approval().state(clock.instant());
    return state == Approval.State.PENDING
        ? work.get()
        : new Answered.NotAnswerable(turn.approval(), state);
  }

  private Answered accept(Approvals.Turn turn) {
    Approval approval = turn.approval();
    Instant now = clock.instant();
    Instant usable = now.plus(GRACE);
    turn.answer(
        Approval.Answer.APPROVED,
        now,
        usable.isAfter(approval.expiresAt()) ? usable : approval.expiresAt());
    turn.clearStrikes();
    append(
        LedgerEvent.APPROVAL_GIVEN,
        approval,
        data(approval)
            .put("factor", Factor.EMAILOTP.code())
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
    Kill kill = kill(approval, "the person reported a request as suspicious", now);
    turn.close(kill);
    return new Answered.Taken(approval, Approval.Answer.SUSPICIOUS, kill);
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

  private void tell(Answered answered) {
    switch (answered) {
      case Answered.Taken(Approval approval, Approval.Answer answer, Kill kill) -> {
        switch (answer) {
          case APPROVED, CANCELLED -> {}
          case DENIED ->
              append(
                  LedgerEvent.APPROVAL_DENIED,
                  approval,
                  data(approval).put("reason", "the person denied the request"));
          case SUSPICIOUS ->
              append(
                  LedgerEvent.APPROVAL_DENIED,
                  approval,
                  data(approval).put("reason", "the person reported the request as suspicious"));
          case FAILED ->
              append(
                  LedgerEvent.APPROVAL_FAILED,
                  approval,
                  data(approval).put("reason", "every try was a wrong code").put("final", true));
        }
        if (kill != null) {
          append(
              LedgerEvent.EXCHANGE_KILLED, approval, data(approval).put("reason", kill.reason()));
        }
      }
      case Answered.WrongCode(Approval approval, int left) ->
          append(
              LedgerEvent.APPROVAL_FAILED,
              approval,
              data(approval)
                  .put("reason", "a wrong code")
                  .put("tries_left", left)
                  .put("final", false));
      case Answered.NotAnswerable(Approval approval, Approval.State state) ->
          append(
              LedgerEvent.APPROVAL_FAILED,
              approval,
              data(approval)
                  .put(
                      "reason",
                      "an answer came while the approval was "
                          + state.name().toLowerCase(java.util.Locale.ROOT))
                  .put("final", false));
    }
  }

  private static ObjectNode data(Approval approval) {
    return StrictJson.object()
        .put("approval_id", approval.id())
        .put("client_id", approval.client());
  }

  private void append(LedgerEvent event, Approval approval, ObjectNode data) {
    ledger.append(new LedgerEntry(event, approval.jti(), approval.person().key(), data));
  }

  /// How an approval stands when its client asks.
  ///
  /// @param tooSoon whether the client asked before its interval had passed
  /// @param interval how long it is to wait before it asks again
  public record Polled(Approval approval, boolean tooSoon, Duration interval) {}

  /// What an answer came to.
  public sealed interface Answered {
    /// The answer counts.
    ///
    /// @param kill what it led to, if it ended the person's sessions
    record Taken(Approval approval, Approval.Answer answer, @Nullable Kill kill)
        implements Answered {}

    /// The code was wrong.
    record WrongCode(Approval approval, int triesLeft) implements Answered {}

    /// The approval is not waiting for an answer.
    record NotAnswerable(Approval approval, Approval.State state) implements Answered {}
  }
}
