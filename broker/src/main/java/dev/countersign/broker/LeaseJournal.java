package dev.countersign.broker;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Every lease from before its login exists until after it is gone. Each method is one committed
/// transaction. Threads and replicas share it.
public interface LeaseJournal {

  /// Writes a prepared lease, unless its token has paid for one before.
  ///
  /// @return the lease that the token has paid for before, or empty if this was its first use
  Optional<Lease> prepare(Lease lease);

  /// Turns a prepared lease active, unless it was ended or its subject was revoked meanwhile.
  ///
  /// @return false if it must not be handed out
  boolean activate(Lease lease, Instant now);

  Optional<Lease> find(LeaseId id);

  /// Marks a lease as ending. The first cause stays.
  ///
  /// @param transaction the `txn` of the event behind it, or empty
  void markEnding(Lease lease, Lease.Cause cause, String transaction, Instant now);

  /// Holds the lease against every other thread and replica while `drop` runs, then marks it ended.
  /// Does nothing if it is ended already. If `drop` throws, the lease stays as it was and the next
  /// attempt is put off, longer each time.
  ///
  /// @return the ended lease if this call ended it
  Optional<Ended> end(Lease lease, Instant now, Consumer<Lease> drop);

  /// Notes that the end of a lease stands in the ledger.
  void markRecorded(Lease lease, Instant now);

  /// Leases whose end is due: expired, ending, or prepared before `unfinishedBefore`; without those
  /// whose next attempt is put off.
  List<Lease> due(Instant now, Instant unfinishedBefore, int limit);

  /// Ended leases whose end does not stand in the ledger yet.
  List<Ended> unrecorded(Instant endedBefore, int limit);

  /// Leases of a person that are not ended.
  List<Lease> open(String subject);

  /// The users of those leases among `users` that are not ended.
  List<SqlName> openUsers(List<SqlName> users);

  /// How many leases should be gone and are not: the debt.
  long overdue(Instant now);

  /// Closes the gate for tokens of a person issued at or before `now`. The same transaction again
  /// changes nothing.
  void closeGate(String subject, String transaction, Instant now);

  /// Until when tokens of a person are refused by their `iat`.
  Optional<Instant> killedAt(String subject);

  /// Forgets what is over for so long that no token can come back.
  void forget(Instant now, Duration age);

  /// A lease that ended.
  ///
  /// @param transaction the `txn` of the event behind it, or empty
  record Ended(Lease lease, Lease.Cause cause, String transaction) {}
}
