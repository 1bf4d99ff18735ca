package dev.countersign.sts.stepup;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Function;

/// A one-time code that a sender brings to the person. A newer code voids the older one, whichever
/// way either of them went. Threads may share it.
public final class CodeFactor implements ApprovalFactor {
  /// A sender that died with a claim is replaced after this long.
  private static final Duration CLAIM = Duration.ofSeconds(30);

  private final Factor kind;
  private final CodeSender sender;
  private final OneTimeCodes codes;
  private final Approvals approvals;
  private final DeliveryAddresses addresses;
  private final Function<String, URI> page;
  private final int sendsPerHour;
  private final ApprovalLedger ledger;
  private final InstantSource clock;

  /// @param page where an approval is answered
  /// @param sendsPerHour how many codes a person gets this way in an hour
  public CodeFactor(
      Factor kind,
      CodeSender sender,
      OneTimeCodes codes,
      Approvals approvals,
      DeliveryAddresses addresses,
      Function<String, URI> page,
      int sendsPerHour,
      ApprovalLedger ledger,
      InstantSource clock) {
    this.kind = kind;
    this.sender = sender;
    this.codes = codes;
    this.approvals = approvals;
    this.addresses = addresses;
    this.page = page;
    this.sendsPerHour = sendsPerHour;
    this.ledger = ledger;
    this.clock = clock;
  }

  @Override
  public Factor kind() {
    return kind;
  }

  @Override
  public Reach reach(Approval approval, String subject, boolean wanted) {
    if (approval.isSentTo(subject) && !wanted) {
      return new Reach.Sent();
    }
    Optional<DeliveryAddresses.Known> to = addresses.of(approval, kind, subject);
    if (to.isEmpty()) {
      return new Reach.Nothing();
    }
    Instant now = clock.instant();
    Optional<Instant> from = addresses.usableFrom(approval, kind, subject, to.get(), now);
    if (from.isPresent()) {
      return failed(
          approval,
          to.get().masked(),
          "the address is new, and is used from %s on"
              .formatted(from.get().truncatedTo(ChronoUnit.SECONDS)));
    }
    Secret code = codes.draw();
    var sending =
        new Approvals.Sending(
            kind,
            subject,
            to.get().masked(),
            codes.seal(approval.id(), code),
            now,
            now.minus(CLAIM),
            wanted,
            sendsPerHour);
    return switch (approvals.claimSending(approval.id(), sending)) {
      case CLAIMED -> send(approval, subject, to.get(), code);
      case TAKEN -> new Reach.Sent();
      case TOO_MANY ->
          failed(approval, to.get().masked(), "too many codes were sent there within the hour");
    };
  }

  // No transaction is open here: a slow server must not hold a connection of the pool.
  private Reach send(Approval approval, String subject, DeliveryAddresses.Known to, Secret code) {
    Approval told = approval.sentBy(kind, to.masked(), subject);
    try {
      sender.send(to.address().reveal(), told, page.apply(approval.id()), code);
    } catch (CodeSender.NotSent failed) {
      return failed(approval, to.masked(), String.valueOf(failed.getMessage()));
    }
    approvals.sent(approval.id(), clock.instant());
    ledger.note(
        LedgerEvent.APPROVAL_SENT,
        approval,
        data ->
            data.put("channel", kind.code())
                .put("to", to.masked())
                .put("digest", approval.details().digest()));
    return new Reach.Sent();
  }

  private Reach failed(Approval approval, String masked, String why) {
    String reason = "could not send to " + masked + ": " + why;
    approvals.notSent(approval.id(), kind, reason);
    ledger.note(
        LedgerEvent.APPROVAL_FAILED,
        approval,
        data ->
            data.put("channel", kind.code())
                .put("reason", "the code was not sent: " + why)
                .put("to", masked)
                .put("final", false));
    return new Reach.NotSent(reason);
  }

  @Override
  public Verdict check(Approvals.Turn turn, Proof proof) {
    var sealed = turn.code();
    if (sealed == null
        || turn.approval().channel() != kind
        || !turn.approval().isSentTo(turn.answerer())
        || !(proof instanceof Proof.Code(String entered))) {
      return new Verdict.NotAsked();
    }
    return codes.opens(sealed, turn.approval().id(), entered)
        ? new Verdict.Right(turn.approval().sentTo())
        : new Verdict.Wrong();
  }
}
