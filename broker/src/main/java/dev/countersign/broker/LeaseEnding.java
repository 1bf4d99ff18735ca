package dev.countersign.broker;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Ends leases: the journal first, then the login, then the ledger. Whatever fails on the way is
/// done again by the sweeper, since each step is the same the second time.
///
/// Threads may share it.
public final class LeaseEnding {
  private final LeaseJournal journal;
  private final Engines engines;
  private final Ledger ledger;
  private final FaultPoint.Hook faults;
  private final InstantSource clock;

  public LeaseEnding(
      LeaseJournal journal,
      Engines engines,
      Ledger ledger,
      FaultPoint.Hook faults,
      InstantSource clock) {
    this.journal = journal;
    this.engines = engines;
    this.ledger = ledger;
    this.faults = faults;
    this.clock = clock;
  }

  /// Ends a lease. When this returns its login is gone and the ledger says so.
  ///
  /// @param transaction the `txn` of the event behind it, or empty
  public void end(Lease lease, Lease.Cause cause, String transaction) {
    journal.markEnding(lease, cause, transaction, clock.instant());
    faults.reached(FaultPoint.END_MARKED);
    finish(lease);
  }

  /// Ends a lease that is marked as ending.
  void finish(Lease lease) {
    journal.end(lease, clock.instant(), this::drop).ifPresent(this::record);
  }

  /// Undoes a mint that must not be handed out, also when somebody else ended its lease before its
  /// login existed.
  void abandon(Lease lease) {
    journal.markEnding(lease, Lease.Cause.UNFINISHED, "", clock.instant());
    Optional<LeaseJournal.Ended> ended = journal.end(lease, clock.instant(), this::drop);
    if (ended.isPresent()) {
      record(ended.get());
    } else {
      drop(lease);
    }
  }

  /// Writes an end into the ledger.
  void record(LeaseJournal.Ended ended) {
    faults.reached(FaultPoint.END_JOURNALED);
    Lease lease = ended.lease();
    ObjectNode data = describe(lease);
    data.put("cause", ended.cause().name().toLowerCase(Locale.ROOT));
    if (!ended.transaction().isEmpty()) {
      data.put("txn", ended.transaction());
    }
    ledger.append(
        new LedgerEntry(LedgerEvent.LEASE_REVOKED, lease.token().jti(), lease.subject(), data));
    faults.reached(FaultPoint.END_RECORDED);
    journal.markRecorded(lease, clock.instant());
  }

  /// What the ledger says of every lease.
  static ObjectNode describe(Lease lease) {
    return StrictJson.object()
        .put("lease_id", lease.id().text())
        .put("role", lease.role())
        .put("database", lease.database())
        .put("user", lease.user().text())
        .put("presenter", lease.presenter())
        .put("client", lease.client())
        .put("expires_at", lease.expiresAt().toString());
  }

  private void drop(Lease lease) {
    engines
        .find(lease.database())
        .orElseThrow(() ->
            new IllegalStateException("a lease names a database that is not configured any more"))
        .revoke(lease.user());
    faults.reached(FaultPoint.END_DROPPED);
  }
}
