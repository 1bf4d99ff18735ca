package dev.countersign.broker;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Ends leases on request: one by the presenter that minted it, or all of a person by the receiver.
///
/// Threads may share it.
public final class LeaseRevocation {
  private final String receiver;
  private final PresenterAssertion.Checker presenters;
  private final LeaseJournal journal;
  private final LeaseEnding ending;
  private final Ledger ledger;
  private final InstantSource clock;

  /// @param receiver the workload that may revoke everything of a person
  public LeaseRevocation(
      String receiver,
      PresenterAssertion.Checker presenters,
      LeaseJournal journal,
      LeaseEnding ending,
      Ledger ledger,
      InstantSource clock) {
    this.receiver = receiver;
    this.presenters = presenters;
    this.journal = journal;
    this.ending = ending;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Ends one lease; when this returns [Revoked] its login is gone. A lease that nobody knows, or
  /// that has ended, is fine: the wish is fulfilled.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if the database is away; the lease is
  ///   marked then, and the sweeper goes on
  public Result revoke(LeaseId id, Secret assertion) {
    return switch (presenters.check(assertion.reveal())) {
      case PresenterAssertion.Result.Refused(String reason) ->
          refused(null, "", Refusal.PRESENTER_NOT_PROVEN, reason);
      case PresenterAssertion.Result.Presenter(String presenter) -> revoke(id, presenter);
    };
  }

  private Result revoke(LeaseId id, String presenter) {
    Optional<Lease> found = journal.find(id);
    if (found.isEmpty()) {
      return new Revoked(0);
    }
    Lease lease = found.get();
    if (!lease.presenter().equals(presenter)) {
      return refused(
          lease, presenter, Refusal.PRESENTER_NOT_ALLOWED, "another workload holds this lease");
    }
    if (lease.state() instanceof Lease.State.Ended) {
      return new Revoked(0);
    }
    ending.end(lease, Lease.Cause.CALL_FINISHED, "");
    return new Revoked(1);
  }

  /// Refuses every token of a person issued until now, and ends all their leases. All are tried
  /// even if one fails.
  ///
  /// @param transaction the `txn` of the event behind it; the same one again only ends what is left
  /// @throws dev.countersign.protocol.UnavailableException if a database is away; the gate is
  ///   closed and the leases are marked then
  public Result revokeSubject(String subject, String transaction, Secret assertion) {
    return switch (presenters.check(assertion.reveal())) {
      case PresenterAssertion.Result.Refused(String reason) ->
          refused(null, "", Refusal.PRESENTER_NOT_PROVEN, reason);
      case PresenterAssertion.Result.Presenter(String name) when !name.equals(receiver) ->
          refused(
              null,
              name,
              Refusal.PRESENTER_NOT_ALLOWED,
              "this workload may not revoke everything of a subject");
      case PresenterAssertion.Result.Presenter _ -> revokeSubject(subject, transaction);
    };
  }

  private Result revokeSubject(String subject, String transaction) {
    // The gate first, in its own transaction: a mint that has not seen it is seen here, and one
    // that
    // is not seen here sees it before it hands anything out.
    journal.closeGate(subject, transaction, clock.instant());
    int revoked = 0;
    RuntimeException failure = null;
    for (Lease lease : journal.open(subject)) {
      try {
        ending.end(lease, Lease.Cause.SUBJECT_REVOKED, transaction);
        revoked++;
      } catch (RuntimeException away) {
        failure = away;
      }
    }
    if (failure != null) {
      throw failure;
    }
    return new Revoked(revoked);
  }

  private Result refused(@Nullable Lease lease, String presenter, Refusal refusal, String reason) {
    var data =
        StrictJson.object()
            .put("reason", refusal.code())
            .put("detail", reason)
            .put("presenter", presenter)
            .put("operation", "revoke");
    if (lease != null) {
      data.put("lease_id", lease.id().text());
    }
    ledger.append(
        new LedgerEntry(
            LedgerEvent.LEASE_REFUSED,
            lease == null ? "" : lease.token().jti(),
            lease == null ? "" : lease.subject(),
            data));
    return new Refused(refusal, reason);
  }

  /// How a revocation ended.
  public sealed interface Result {}

  /// What was to be gone is gone.
  ///
  /// @param count how many leases this call ended
  public record Revoked(int count) implements Result {}

  /// Nothing was done.
  public record Refused(Refusal refusal, String reason) implements Result {}
}
