package dev.countersign.sts;

import dev.countersign.policy.Decision;
import dev.countersign.policy.Reserved;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// A decision that is taken and, as far as it counts, written down.
///
/// @param inputs everything that it depends on besides the request and the policy, for the ledger:
///   it can be taken again from there
/// @param taken what it took from counters
record Decided(Decision decision, ObjectNode inputs, List<Reserved> taken) {
  Decided {
    taken = List.copyOf(taken);
  }
}
