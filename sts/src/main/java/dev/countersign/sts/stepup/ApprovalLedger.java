package dev.countersign.sts.stepup;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// Writes down what happens to approvals. Threads may share it.
public final class ApprovalLedger {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  private final Ledger ledger;

  public ApprovalLedger(Ledger ledger) {
    this.ledger = ledger;
  }

  /// Writes one entry and returns when it is durable.
  void note(LedgerEvent event, Approval approval, UnaryOperator<ObjectNode> more) {
    ObjectNode data =
        StrictJson.object().put("approval_id", approval.id()).put("client_id", approval.client());
    ledger.append(
        new LedgerEntry(event, approval.jti(), approval.person().key(), more.apply(data)));
  }

  /// Writes down that somebody was at an approval that is not theirs, or that does not exist.
  ///
  /// @param id whatever stood in the address
  void stranger(String id, String subject) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.APPROVAL_REFUSED,
            "",
            subject,
            StrictJson.object()
                .put("approval_id", ID.matcher(id).matches() ? id : "")
                .put("reason", "the approval is not one of this person")));
  }
}
