package dev.countersign.gateway;

import dev.countersign.gateway.CallResult.Trace;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.Secret;
import tools.jackson.databind.node.ObjectNode;

/// A call that may be made: its arguments are checked, and a token for exactly it is at hand.
///
/// @param arguments with the schema's defaults
/// @param token an on-behalf-of token, checked
/// @param entry the call's place in the ledger
/// @param cancellation whether somebody still waits for it
/// @param progress told how far it is
public record GrantedCall(
    Tool tool,
    ObjectNode arguments,
    Secret token,
    CallEntry entry,
    Cancellation cancellation,
    Progress progress) {

  /// What is known of it while no lease is.
  public Trace trace() {
    return Trace.of(entry.jti());
  }
}
