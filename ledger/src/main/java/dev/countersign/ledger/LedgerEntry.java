package dev.countersign.ledger;

import tools.jackson.databind.node.ObjectNode;

/// One thing that happened in a box.
///
/// @param jti the id of the on-behalf-of token that joins everything about one call; empty where
///   there is none
/// @param subject the person as `anchor|stable id`; empty where unknown
/// @param data what is worth knowing later; never a token, code, password or secret
public record LedgerEntry(LedgerEvent event, String jti, String subject, ObjectNode data) {
  public LedgerEntry {
    data = data.deepCopy();
  }
}
