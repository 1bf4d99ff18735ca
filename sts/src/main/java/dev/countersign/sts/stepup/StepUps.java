package dev.countersign.sts.stepup;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.policy.StepUpOptions;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.StepUpSettings;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Asks a person: one approval per request, found again by identical repeats, brought to the person
/// by the first factor that works, used up once. [Answers] takes what comes back.
///
/// Threads may share it.
public final class StepUps {
  private final URI issuer;
  private final StepUpSettings settings;
  private final Approvals approvals;
  private final DeliveryAddresses addresses;
  private final List<ApprovalFactor> factors;
  private final Invitations invitations;
  private final ApprovalLedger ledger;
  private final InstantSource clock;

  /// @param factors those that are set up here, in the order in which they are tried where a rule
  ///   names none
  public StepUps(
      URI issuer,
      StepUpSettings settings,
      Approvals approvals,
      DeliveryAddresses addresses,
      List<ApprovalFactor> factors,
      Invitations invitations,
      ApprovalLedger ledger,
      InstantSource clock) {
    this.issuer = issuer;
    this.settings = settings;
    this.approvals = approvals;
    this.addresses = addresses;
    this.factors = List.copyOf(factors);
    this.invitations = invitations;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Finds or opens the approval of a request and sees that it reaches its person.
  ///
  /// @param draft the approval as it would be new
  /// @param to where codes may go, by factor
  public Asked open(Approval draft, Map<Factor, String> to) {
    return switch (approvals.open(
        draft,
        key(draft),
        addresses.seal(draft.id(), draft.person().key(), to),
        settings.addressCooling(),
        settings.promptsPerHour())) {
      case Approvals.Opened.Open(Approval approval, Map<Factor, Instant> withheld) ->
          brought(approval, withheld(approval, withheld));
      case Approvals.Opened.TooMany() -> new Asked.TooOften();
    };
  }

  private List<String> withheld(Approval approval, Map<Factor, Instant> withheld) {
    var reasons = new ArrayList<String>();
    withheld.forEach((factor, from) -> {
      String reason =
          "sent no code by %s: the address is new, and is used from %s on"
              .formatted(factor.code(), from.truncatedTo(ChronoUnit.SECONDS));
      reasons.add(reason);
      ledger.note(
          LedgerEvent.APPROVAL_FAILED,
          approval,
          data ->
              data.put("channel", factor.code())
                  .put("reason", "the address is new to us")
                  .put("usable_from", from.toString())
                  .put("final", false));
    });
    return reasons;
  }

  private Asked brought(Approval approval, List<String> withheld) {
    if (approval.state(clock.instant()) != Approval.State.PENDING) {
      return new Asked.Waiting(approval);
    }
    if (approval.needsAnother()) {
      return invitations
          .send(approval, page(approval.id()))
          .<Asked>map(reason -> notReached(approval, reason))
          .orElseGet(() -> new Asked.Waiting(approval));
    }
    String subject = approval.person().key();
    var failures = new ArrayList<>(withheld);
    boolean canAnswer = false;
    for (ApprovalFactor factor : inOrder(approval)) {
      switch (factor.reach(approval, subject, false)) {
        case ApprovalFactor.Reach.Sent(), ApprovalFactor.Reach.OnPage() -> canAnswer = true;
        case ApprovalFactor.Reach.Nothing() -> {}
        case ApprovalFactor.Reach.NotSent(String reason) -> failures.add(reason);
      }
      if (canAnswer) {
        break;
      }
    }
    Approval seen = approvals.find(approval.id()).orElse(approval);
    if (canAnswer || seen.isSent()) {
      return new Asked.Waiting(seen);
    }
    // INVARIANT: no approval waits that nobody heard of.
    String reason =
        failures.isEmpty()
            ? "no address or passkey of the subject is known for the factors that are wanted"
            : String.join("; ", failures);
    return notReached(approval, reason);
  }

  private Asked notReached(Approval approval, String reason) {
    withdraw(approval.id(), reason);
    return new Asked.NotReached(reason);
  }

  /// The factors that this approval accepts, the preferred first.
  private List<ApprovalFactor> inOrder(Approval approval) {
    return approval.factors().isEmpty()
        ? factors
        : approval.factors().stream()
            .flatMap(kind -> factors.stream().filter(factor -> factor.kind() == kind))
            .toList();
  }

  /// Sends a code by a factor that somebody chose on the page.
  ///
  /// @param subject the subject key of who is to approve
  /// @return why it did not work; empty if it did
  public Optional<String> sendBy(Approval approval, Factor kind, String subject) {
    if (!mayApprove(approval, subject)) {
      return Optional.of("somebody else must approve this");
    }
    for (ApprovalFactor factor : inOrder(approval)) {
      if (factor.kind() == kind) {
        return switch (factor.reach(approval, subject, true)) {
          case ApprovalFactor.Reach.Sent(), ApprovalFactor.Reach.OnPage() -> Optional.empty();
          case ApprovalFactor.Reach.Nothing() -> Optional.of("there is no address for it");
          case ApprovalFactor.Reach.NotSent(String reason) -> Optional.of(reason);
        };
      }
    }
    return Optional.of("this request cannot be approved that way");
  }

  /// Whether it takes this person to approve, as far as the approval itself says it: the person
  /// whose request it is, or anybody but them. Who else may was looked at when the approval was
  /// found.
  public boolean mayApprove(Approval approval, String subject) {
    boolean isTheirs = approval.person().key().equals(subject);
    return approval.needsAnother() ? !isTheirs && !isSamePerson(approval, subject) : isTheirs;
  }

  /// Whether somebody seems to be the person whose request it is, with another account.
  private boolean isSamePerson(Approval approval, String subject) {
    var own = new HashSet<String>();
    own.add(approval.requester());
    addresses.stored(approval.person().key()).map(to -> to.address().reveal()).ifPresent(own::add);
    return addresses
        .stored(subject)
        .filter(other -> own.stream().anyMatch(other.address().reveal()::equalsIgnoreCase))
        .isPresent();
  }

  /// The ways in which somebody can approve now, the preferred first; a code counts if its address
  /// is known, sent or not.
  ///
  /// @param subject the subject key of who is to approve
  public List<Factor> ways(Approval approval, String subject) {
    if (!mayApprove(approval, subject)) {
      return List.of();
    }
    return inOrder(approval).stream()
        .filter(factor ->
            switch (factor.kind()) {
              case EMAILOTP, SMSOTP -> addresses.of(approval, factor.kind(), subject).isPresent();
              case PASSKEY, IDP ->
                  factor.reach(approval, subject, false) instanceof ApprovalFactor.Reach.OnPage;
            })
        .map(ApprovalFactor::kind)
        .toList();
  }

  /// Where a code of this factor goes, masked; empty if nowhere.
  public Optional<String> masked(Approval approval, Factor kind, String subject) {
    return addresses.of(approval, kind, subject).map(DeliveryAddresses.Known::masked);
  }

  /// Whether a text is exactly the address that codes of this factor go to.
  public boolean isAddress(Approval approval, Factor kind, String text) {
    return addresses
        .of(approval, kind, approval.person().key())
        .filter(known -> known.address().equals(new Secret(text)))
        .isPresent();
  }

  /// The approval as its client may see it.
  public Optional<Approval> find(String id) {
    return approvals.find(id);
  }

  /// An approval as its client polls it; counts the poll.
  ///
  /// @return empty if this client has no such approval
  public Optional<Polled> poll(String id, String client, Instant now) {
    return approvals.poll(id, client, now);
  }

  /// The approval as somebody may see it: their own, or one that they may give; no others.
  public Optional<Approval> find(String id, Visitor visitor) {
    Optional<Approval> theirs = approvals.findOf(id, visitor);
    if (theirs.isEmpty()) {
      ledger.stranger(id, visitor.subject());
    }
    return theirs;
  }

  /// Until when a new approval may be answered.
  public Instant expiry(Instant now, StepUpOptions options) {
    Duration longest = settings.approvalLifetime();
    Duration asked = options.answerWithin() == null ? longest : options.answerWithin();
    return now.plus(asked.compareTo(longest) < 0 ? asked : longest);
  }

  /// Whether a person can be asked by one of the factors that a policy wants.
  public boolean canAsk(StepUpOptions options) {
    return factors.stream().anyMatch(factor -> options.accepts(factor.kind()));
  }

  /// How many codes may be entered for one approval.
  public int tries() {
    return settings.codeTries();
  }

  /// The page where the person answers.
  public URI page(String id) {
    return URI.create(issuer + "/approve/" + id);
  }

  /// Ends an approval that waits or was given but not used.
  ///
  /// @param reason who ended it and why
  /// @return whether there was something to end
  public boolean withdraw(String id, String reason) {
    return new ApprovalDesk(approvals, ledger, clock).withdraw(id, reason);
  }

  /// Writes down that somebody tried to ride on an approval, and warns whoever listens.
  public void misused(Approval approval, String reason) {
    approvals.warn(approval, reason, clock.instant());
    odd(approval, reason);
  }

  /// Writes down that an approval was presented that is no longer good. A retry looks like that, so
  /// nobody is warned.
  public void odd(Approval approval, String reason) {
    ledger.note(
        LedgerEvent.APPROVAL_MISUSED,
        approval,
        data ->
            data.put("reason", reason)
                .put("digest", approval.details().digest())
                .put("state", approval.state(clock.instant()).name().toLowerCase(Locale.ROOT)));
  }

  /// Uses an approval up, once.
  ///
  /// @param beforeDurable what must have been written down first; if it throws, nothing is used up
  /// @return whether this call is the one that used it
  public boolean consume(String id, Instant now, Runnable beforeDurable) {
    return approvals
        .inTurn(
            id,
            null,
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
                .add(draft.scope())
                .add(draft.factors().toString())
                .add(draft.approvers().stream().map(TreeSet::new).toList().toString())));
  }

  /// What asking came to.
  public sealed interface Asked {
    /// The person was reached, or can answer on the page.
    record Waiting(Approval approval) implements Asked {}

    /// The person was asked too often within the hour.
    record TooOften() implements Asked {}

    /// Nobody heard of it, so it waits no more.
    ///
    /// @param reason for people: each way that was tried, masked, and why it failed
    record NotReached(String reason) implements Asked {}
  }

  /// How an approval stands when its client asks.
  ///
  /// @param tooSoon whether the client asked before its interval had passed
  /// @param interval how long it is to wait before it asks again
  public record Polled(Approval approval, boolean tooSoon, Duration interval) {}
}
