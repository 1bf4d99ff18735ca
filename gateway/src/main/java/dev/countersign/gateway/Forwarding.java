package dev.countersign.gateway;

import dev.countersign.gateway.tools.Work;

/// Makes a granted call at the server behind the gateway that has the tool.
@FunctionalInterface
public interface Forwarding {
  /// Makes it. How it ended is in the ledger before this returns.
  CallResult run(GrantedCall call, Work.Behind work);
}
