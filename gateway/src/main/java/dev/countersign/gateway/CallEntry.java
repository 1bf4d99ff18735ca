package dev.countersign.gateway;

import static dev.countersign.ledger.LedgerEvent.CALL_FINISHED;
import static dev.countersign.ledger.LedgerEvent.CALL_REFUSED;
import static dev.countersign.ledger.LedgerEvent.STATEMENT_RUN;

import dev.countersign.gateway.tools.Tool;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// What the ledger learns of one call; every entry carries the call's join key as soon as it is
/// known. One thread.
public final class CallEntry {
  private final Ledger ledger;
  private final Caller caller;
  private final Tool tool;
  private String jti = "";
  private boolean begun;
  private boolean elevated;

  CallEntry(Ledger ledger, Caller caller, Tool tool) {
    this.ledger = ledger;
    this.caller = caller;
    this.tool = tool;
  }

  /// From now on the call is known under this `jti`.
  void join(String id) {
    jti = id;
  }

  /// The `jti`, empty while there is none.
  public String jti() {
    return jti;
  }

  /// From now on the call is one that asks for more, since its record needs that.
  void elevate() {
    elevated = true;
  }

  /// From now on the call may have had its effect.
  public void begin() {
    begun = true;
  }

  boolean hasBegun() {
    return begun;
  }

  /// Writes that the call was refused.
  ///
  /// @param box which box said no
  public void refuse(String box, String reason) {
    append(CALL_REFUSED, StrictJson.object().put("box", box).put("reason", reason));
  }

  /// Writes that the call was stopped, and why.
  ///
  /// @param data what else is known of its end
  public void cancelled(Cancellation.Reason reason, ObjectNode data) {
    append(CALL_FINISHED, cancelledBy(reason, data));
  }

  private static ObjectNode cancelledBy(Cancellation.Reason reason, ObjectNode data) {
    return data.put("outcome", "cancelled")
        .put("cancelled_by", reason.name().toLowerCase(Locale.ROOT));
  }

  /// Writes what its statement did and how the call ended, in one go.
  ///
  /// @param cancelled why it was stopped, if it was
  void ran(ObjectNode statement, ObjectNode end, Optional<Cancellation.Reason> cancelled) {
    cancelled.ifPresent(reason -> cancelledBy(reason, end));
    ledger.append(List.of(entry(STATEMENT_RUN, statement), entry(CALL_FINISHED, end)));
  }

  /// Writes one entry of this call.
  public void append(LedgerEvent event, ObjectNode data) {
    ledger.append(entry(event, data));
  }

  private LedgerEntry entry(LedgerEvent event, ObjectNode data) {
    data.put("tool", tool.name());
    if (elevated) {
      data.put("elevated", true);
    }
    return new LedgerEntry(event, jti, caller.subject(), data);
  }
}
