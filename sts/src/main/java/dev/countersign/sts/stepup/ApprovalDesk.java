package dev.countersign.sts.stepup;

import dev.countersign.ledger.LedgerEvent;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// The operator's view of approvals: to look at, and to withdraw. Nothing here can approve. Threads
/// may share it.
public final class ApprovalDesk {
  private final Approvals approvals;
  private final ApprovalLedger ledger;
  private final InstantSource clock;

  public ApprovalDesk(Approvals approvals, ApprovalLedger ledger, InstantSource clock) {
    this.approvals = approvals;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// The newest approvals first.
  ///
  /// @param subject of one person, or empty for all
  public List<Approval> list(String subject, int limit) {
    return approvals.list(subject, limit);
  }

  public Optional<Approval> find(String id) {
    return approvals.find(id);
  }

  /// Ends an approval that waits or was given but not used.
  ///
  /// @param reason who ended it and why
  /// @return whether there was something to end
  public boolean withdraw(String id, String reason) {
    Optional<Approval> withdrawn =
        approvals
            .inTurn(
                id,
                null,
                turn -> {
                  var now = clock.instant();
                  return switch (turn.approval().state(now)) {
                    case PENDING, APPROVED -> {
                      turn.withdraw(now);
                      yield Optional.of(turn.approval());
                    }
                    case DENIED, SUSPICIOUS, FAILED, CANCELLED, EXPIRED, USED ->
                        Optional.<Approval>empty();
                  };
                })
            .flatMap(ended -> ended);
    withdrawn.ifPresent(approval ->
        ledger.note(LedgerEvent.APPROVAL_WITHDRAWN, approval, data -> data.put("reason", reason)));
    return withdrawn.isPresent();
  }
}
