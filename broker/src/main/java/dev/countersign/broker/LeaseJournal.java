package dev.countersign.broker;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Every lease from before its login exists until after it is gone. Each method is one committed
/// transaction. Threads and replicas share it.
public interface LeaseJournal {

  /// Writes a prepared lease, unless its token has paid for one before or a limit is reached.
  Preparation prepare(Lease lease, MintLimits limits);

  /// Turns a prepared lease active, unless it was ended or its token was revoked meanwhile.
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

  /// Puts off the next attempt at every due lease of a database that is away, as if each had been
  /// tried.
  void putOff(String database, Instant now);

  /// Notes that the end of a lease stands in the ledger.
  void markRecorded(Lease lease, Instant now);

  /// Leases whose end is due: expired, ending, or prepared before `unfinishedBefore`; without those
  /// whose next attempt is put off.
  List<Lease> due(Instant now, Instant unfinishedBefore, int limit);

  /// Ended leases whose end does not stand in the ledger yet.
  List<Ended> unrecorded(Instant endedBefore, int limit);

  /// Moves the end of an active lease to the one that `renewed` has.
  ///
  /// @return false if it ended, or was to end, meanwhile
  boolean renew(Lease renewed, Instant now);

  /// The selected leases that are not ended, the oldest first.
  List<Lease> open(LeaseSelection selection);

  /// The users of those leases among `users` that are not ended.
  List<SqlName> openUsers(List<SqlName> users);

  /// How many leases should be gone and are not: the debt.
  long overdue(Instant now);

  /// Refuses tokens from now on: those of a person or client that were issued at or before `now`,
  /// or one token whenever it was. The same transaction again changes nothing.
  void closeGate(RevocationGate gate, String transaction, Instant now);

  /// The gate that refuses a token, or empty if none does.
  Optional<RevocationGate.Kind> revoked(OnBehalfOfToken token);

  /// Whether a token paid for a lease, also one that ended, or opened a session.
  boolean wasUsed(TokenId token);

  /// Forgets what is over for so long that no token can come back.
  void forget(Instant now, Duration age);

  /// A lease that ended.
  ///
  /// @param transaction the `txn` of the event behind it, or empty
  record Ended(Lease lease, Lease.Cause cause, String transaction) {}

  /// How the attempt to open a lease ended.
  sealed interface Preparation {
    /// The lease is written down.
    record Prepared() implements Preparation {}

    /// The token paid for this lease before.
    record Used(Lease lease) implements Preparation {}

    /// Nothing was written.
    ///
    /// @param reason which limit
    record OverLimit(String reason) implements Preparation {}
  }
}
