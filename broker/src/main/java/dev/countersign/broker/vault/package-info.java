/// What Vault has besides leases: sessions, wrapped answers, and databases and roles written over
/// the wire.
@NullMarked
package dev.countersign.broker.vault;

import org.jspecify.annotations.NullMarked;
