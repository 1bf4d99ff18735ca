package dev.countersign.broker;

import dev.countersign.broker.LeaseResult.Found;
import dev.countersign.broker.LeaseResult.Listed;
import dev.countersign.broker.LeaseResult.Refused;
import dev.countersign.broker.LeaseResult.Renewed;
import dev.countersign.broker.LeaseResult.Revoked;
import dev.countersign.broker.LeaseResult.Settled;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Leases after they were minted: looked up, renewed and revoked by the workload that minted them,
/// whatever became of the token that paid; all of a person, client or token by the receiver; any by
/// an operator.
///
/// Each method proves the caller first and throws [dev.countersign.protocol.UnavailableException]
/// if something that it needs is away. A lease that was to end then is marked, and the sweeper goes
/// on.
///
/// Threads may share it.
public final class Leases {
  /// The workload that issued the tokens, and may ask whether they were used.
  public static final String TOKEN_SERVICE = "sts";

  private static final String SETTLED = "settled as unused";

  private final String issuer;
  private final String receiver;
  private final Set<String> operators;
  private final Presenters presenters;
  private final LeaseJournal journal;
  private final Engines engines;
  private final LeaseEnding ending;
  private final Ledger ledger;
  private final FaultPoint.Hook faults;
  private final InstantSource clock;

  /// @param config names the issuer of tokens, the receiver and the operators
  public Leases(
      BrokerConfig config,
      Presenters presenters,
      LeaseJournal journal,
      Engines engines,
      LeaseEnding ending,
      Ledger ledger,
      FaultPoint.Hook faults,
      InstantSource clock) {
    this.issuer = config.issuer().issuer();
    this.receiver = config.receiver();
    this.operators = config.operators();
    this.presenters = presenters;
    this.journal = journal;
    this.engines = engines;
    this.ending = ending;
    this.ledger = ledger;
    this.faults = faults;
    this.clock = clock;
  }

  /// Finds a lease that is not ended.
  public LeaseResult lookup(LeaseId id, PresenterProof proof) {
    return ofOne("lookup", id, proof, this::lookup);
  }

  private LeaseResult lookup(Optional<Lease> found, Presenter presenter) {
    if (found.isEmpty() || found.get().state() instanceof Lease.State.Ended) {
      return refused("lookup", null, presenter, Refusal.LEASE_UNKNOWN, "invalid lease");
    }
    return isAllowed(found.get(), presenter)
        ? new Found(found.get())
        : notTheirs("lookup", found.get(), presenter);
  }

  /// Names the leases that are not ended and whose id begins so: all to an operator, their own to
  /// everybody else.
  public LeaseResult list(String prefix, PresenterProof proof) {
    return asPresenter(
        "list",
        proof,
        presenter ->
            new Listed(
                journal.open(withPrefix(prefix, presenter)).stream().map(Lease::id).toList()));
  }

  /// Lets a lease live longer: `increment` from now on, and never beyond the longest time that its
  /// role allows.
  ///
  /// @param increment empty for as long as the lease was minted for
  public LeaseResult renew(LeaseId id, Optional<Duration> increment, PresenterProof proof) {
    return ofOne("renew", id, proof, (found, presenter) -> renew(found, increment, presenter));
  }

  private LeaseResult renew(
      Optional<Lease> found, Optional<Duration> increment, Presenter presenter) {
    if (found.isEmpty()) {
      return refused("renew", null, presenter, Refusal.LEASE_UNKNOWN, "lease not found");
    }
    Lease lease = found.get();
    if (!lease.presenter().equals(presenter.name())) {
      return notTheirs("renew", lease, presenter);
    }
    Instant now = clock.instant();
    if (!lease.isActive(now)) {
      return refused("renew", lease, presenter, Refusal.LEASE_OVER, "lease expired");
    }
    if (!lease.isRenewable()) {
      return refused(
          "renew", lease, presenter, Refusal.LEASE_NOT_RENEWABLE, "lease is not renewable");
    }
    Duration wished =
        increment.orElseGet(
            () -> Duration.between(lease.renewedAt().orElse(lease.issuedAt()), lease.expiresAt()));
    if (!wished.isPositive()) {
      return refused(
          "renew", lease, presenter, Refusal.MALFORMED, "`increment` must be over 0 seconds");
    }
    Lease renewed = lease.renew(now, wished);
    // The journal first: should the database stay as it is, the login only ends earlier.
    if (!journal.renew(renewed, now)) {
      return refused("renew", lease, presenter, Refusal.LEASE_OVER, "lease expired");
    }
    faults.reached(FaultPoint.RENEW_JOURNALED);
    if (!engine(renewed).extend(renewed)) {
      return refused("renew", lease, presenter, Refusal.LEASE_OVER, "lease expired");
    }
    ledger.append(
        new LedgerEntry(
            LedgerEvent.LEASE_RENEWED,
            lease.token().jti(),
            lease.subject(),
            LeaseEnding.describe(renewed)));
    return new Renewed(renewed);
  }

  private Engine engine(Lease lease) {
    return engines
        .find(lease.database())
        .orElseThrow(() ->
            new IllegalStateException("a lease names a database that is not configured any more"));
  }

  /// Ends one lease; when this returns [Revoked] its login is gone. A lease that nobody knows, or
  /// that has ended, is fine: the wish is fulfilled.
  public LeaseResult revoke(LeaseId id, PresenterProof proof) {
    return ofOne("revoke", id, proof, this::revoke);
  }

  private LeaseResult revoke(Optional<Lease> found, Presenter presenter) {
    if (found.isEmpty()) {
      return new Revoked(0);
    }
    Lease lease = found.get();
    if (!isAllowed(lease, presenter)) {
      return notTheirs("revoke", lease, presenter);
    }
    if (lease.state() instanceof Lease.State.Ended) {
      return new Revoked(0);
    }
    ending.end(lease, cause(lease, presenter), "");
    return new Revoked(1);
  }

  /// Ends the leases whose id begins so: all for an operator, their own for everybody else. All are
  /// tried even if one fails.
  public LeaseResult revokePrefix(String prefix, PresenterProof proof) {
    return asPresenter(
        "revoke-prefix",
        proof,
        presenter ->
            endAll(
                journal.open(withPrefix(prefix, presenter)), lease -> cause(lease, presenter), ""));
  }

  /// Refuses every token of a person issued until now, and ends all their leases. All are tried
  /// even if one fails.
  ///
  /// @param transaction the `txn` of the event behind it; the same one again only ends what is left
  public LeaseResult revokeSubject(String subject, String transaction, PresenterProof proof) {
    return revokeAll(
        Set.of(),
        new RevocationGate(RevocationGate.Kind.SUBJECT, subject),
        new LeaseSelection.OfSubject(subject),
        Lease.Cause.SUBJECT_REVOKED,
        transaction,
        proof);
  }

  /// The same for what one STS client minted for one person; the token service may do it too.
  public LeaseResult revokeSession(
      String subject, String client, String transaction, PresenterProof proof) {
    return revokeAll(
        Set.of(TOKEN_SERVICE),
        RevocationGate.ofSession(subject, client),
        new LeaseSelection.OfSession(subject, client),
        Lease.Cause.CLIENT_REVOKED,
        transaction,
        proof);
  }

  /// The same for everything that one STS client minted; the token service may do it too.
  public LeaseResult revokeClient(String client, String transaction, PresenterProof proof) {
    return revokeAll(
        Set.of(TOKEN_SERVICE),
        new RevocationGate(RevocationGate.Kind.CLIENT, client),
        new LeaseSelection.OfClient(client),
        Lease.Cause.CLIENT_REVOKED,
        transaction,
        proof);
  }

  /// The same for one token, used or not; the token service may do it too.
  public LeaseResult revokeToken(String jti, String transaction, PresenterProof proof) {
    return revokeAll(
        Set.of(TOKEN_SERVICE),
        new RevocationGate(RevocationGate.Kind.TOKEN, jti),
        new LeaseSelection.OfToken(jti),
        Lease.Cause.TOKEN_REVOKED,
        transaction,
        proof);
  }

  private LeaseResult revokeAll(
      Set<String> alsoAllowed,
      RevocationGate gate,
      LeaseSelection selection,
      Lease.Cause cause,
      String transaction,
      PresenterProof proof) {
    return asPresenter(
        "revoke",
        proof,
        presenter -> {
          if (!presenter.name().equals(receiver)
              && !operators.contains(presenter.name())
              && !alsoAllowed.contains(presenter.name())) {
            return refused(
                "revoke",
                null,
                presenter,
                Refusal.PRESENTER_NOT_ALLOWED,
                "this workload may not revoke what others minted");
          }
          // The gate first, in its own transaction: a mint that has not seen it is seen here, and
          // one that is not seen here sees it before it hands anything out.
          journal.closeGate(gate, transaction, clock.instant());
          return endAll(journal.open(selection), _ -> cause, transaction);
        });
  }

  /// Tells the token service whether a token opened anything. One that did not is refused from now
  /// on, so that the answer stays true.
  public LeaseResult settleToken(String jti, PresenterProof proof) {
    return asPresenter(
        "settle",
        proof,
        presenter ->
            presenter.name().equals(TOKEN_SERVICE)
                ? new Settled(wasUsed(new TokenId(issuer, jti)))
                : refused(
                    "settle",
                    null,
                    presenter,
                    Refusal.PRESENTER_NOT_ALLOWED,
                    "only the token service settles tokens"));
  }

  private boolean wasUsed(TokenId token) {
    if (journal.wasUsed(token)) {
      return true;
    }
    // INVARIANT: the gate is committed before the second look. A mint that this look does not see
    // sees the gate before it hands anything out.
    journal.closeGate(
        new RevocationGate(RevocationGate.Kind.TOKEN, token.jti()), SETTLED, clock.instant());
    return journal.wasUsed(token);
  }

  /// Ends what one token paid for, for the proven holder of a session that it opened.
  public LeaseResult revokePaidBy(TokenId token, Presenter presenter) {
    return endAll(
        journal.open(new LeaseSelection.OfToken(token.jti())).stream()
            .filter(lease -> lease.token().equals(token))
            .filter(lease -> lease.presenter().equals(presenter.name()))
            .toList(),
        _ -> Lease.Cause.CALL_FINISHED,
        "");
  }

  private Revoked endAll(
      List<Lease> leases, Function<Lease, Lease.Cause> cause, String transaction) {
    int revoked = 0;
    RuntimeException failure = null;
    for (Lease lease : leases) {
      try {
        ending.end(lease, cause.apply(lease), transaction);
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

  // The lease is read first: a plain bearer can be checked against its own lease only.
  private LeaseResult ofOne(
      String operation,
      LeaseId id,
      PresenterProof proof,
      BiFunction<Optional<Lease>, Presenter, LeaseResult> work) {
    Optional<Lease> found = journal.find(id);
    return asPresenter(operation, proof, found, presenter -> work.apply(found, presenter));
  }

  private LeaseResult asPresenter(
      String operation, PresenterProof proof, Function<Presenter, LeaseResult> work) {
    return asPresenter(operation, proof, Optional.empty(), work);
  }

  private LeaseResult asPresenter(
      String operation,
      PresenterProof proof,
      Optional<Lease> about,
      Function<Presenter, LeaseResult> work) {
    return switch (presenters.check(proof, about)) {
      case Presenters.Result.Proven(Presenter presenter) -> work.apply(presenter);
      case Presenters.Result.Refused(String reason) ->
          refused(operation, null, Presenter.named(""), Refusal.PRESENTER_NOT_PROVEN, reason);
    };
  }

  private boolean isAllowed(Lease lease, Presenter presenter) {
    return lease.presenter().equals(presenter.name()) || operators.contains(presenter.name());
  }

  private LeaseSelection withPrefix(String prefix, Presenter presenter) {
    return new LeaseSelection.WithPrefix(
        prefix, operators.contains(presenter.name()) ? "" : presenter.name());
  }

  private static Lease.Cause cause(Lease lease, Presenter presenter) {
    return lease.presenter().equals(presenter.name())
        ? Lease.Cause.CALL_FINISHED
        : Lease.Cause.OPERATOR;
  }

  private Refused notTheirs(String operation, Lease lease, Presenter presenter) {
    return refused(
        operation,
        lease,
        presenter,
        Refusal.PRESENTER_NOT_ALLOWED,
        "another workload holds this lease");
  }

  private Refused refused(
      String operation,
      @Nullable Lease lease,
      Presenter presenter,
      Refusal refusal,
      String reason) {
    var data =
        StrictJson.object()
            .put("reason", refusal.code())
            .put("detail", reason)
            .put("presenter", presenter.name())
            .put("operation", operation);
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
}
