/// The audit ledger: what each box did, chained by hash, joined by `jti`. A token that is not in
/// the ledger was not issued.
@NullMarked
package dev.countersign.ledger;

import org.jspecify.annotations.NullMarked;
