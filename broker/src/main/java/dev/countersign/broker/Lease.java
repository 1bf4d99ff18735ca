package dev.countersign.broker;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// One short-lived database login: who paid for it with which token, when it must be gone, and
/// where it stands.
///
/// @param role the broker's role it was minted for
/// @param database the name of the target database
/// @param user the login role in that database
/// @param presenter the workload that minted it and may revoke it
/// @param subject the person as `anchor|stable id`
/// @param client the STS client that acts for the person
/// @param token the on-behalf-of token that paid for it; joins the audit trail
/// @param expiresAt from when PostgreSQL refuses the password (`VALID UNTIL`) and the approved
///   request counts as absent; sessions that are open by then live on until the broker ends them
/// @param longestUntil how far it may be renewed
/// @param renewedAt when it was renewed last
public record Lease(
    LeaseId id,
    String role,
    String database,
    SqlName user,
    String presenter,
    String subject,
    String client,
    TokenId token,
    Instant tokenIssuedAt,
    Instant tokenExpiresAt,
    Instant issuedAt,
    Instant expiresAt,
    Instant longestUntil,
    Optional<Instant> renewedAt,
    State state) {

  public Lease {
    if (!expiresAt.isAfter(issuedAt)) {
      throw new IllegalArgumentException("lease must expire after it is issued");
    }
    if (expiresAt.isAfter(longestUntil)) {
      throw new IllegalArgumentException("lease must not live longer than it may be renewed");
    }
  }

  /// A lease that is about to get its login.
  ///
  /// @param mount where it is minted, such as [LeaseId#MOUNT]
  /// @param timeToLive at most the role's
  public static Lease prepare(
      BrokerConfig.Role role,
      String mount,
      OnBehalfOfToken token,
      Presenter presenter,
      Duration timeToLive,
      Instant now) {
    return new Lease(
        LeaseId.minted(mount, role.name()),
        role.name(),
        role.database(),
        SqlName.minted(),
        presenter.name(),
        token.subject(),
        token.client(),
        token.id(),
        token.issuedAt(),
        token.expiresAt(),
        now,
        now.plus(timeToLive),
        now.plus(role.isRenewable() ? role.maxTimeToLive() : timeToLive),
        Optional.empty(),
        new State.Prepared());
  }

  /// Whether it can be made longer at all.
  public boolean isRenewable() {
    return longestUntil.isAfter(expiresAt) || renewedAt.isPresent();
  }

  /// This lease with another end, never later than it may live.
  public Lease renew(Instant now, Duration increment) {
    Instant wished = now.plus(increment);
    return new Lease(
        id,
        role,
        database,
        user,
        presenter,
        subject,
        client,
        token,
        tokenIssuedAt,
        tokenExpiresAt,
        issuedAt,
        wished.isAfter(longestUntil) ? longestUntil : wished,
        longestUntil,
        Optional.of(now),
        state);
  }

  /// How long it lives from now on; zero when it is over.
  public Duration remaining(Instant now) {
    Duration left = Duration.between(now, expiresAt);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /// Whether its login may be used now.
  public boolean isActive(Instant now) {
    return state instanceof State.Active && now.isBefore(expiresAt);
  }

  /// Where a lease stands.
  public sealed interface State {
    /// Written down; its login may or may not exist yet, and nobody has its password.
    record Prepared() implements State {}

    /// Its login exists and its password was handed out.
    record Active() implements State {}

    /// It must end; its login may still exist.
    record Ending(Cause cause) implements State {}

    /// Its login is gone.
    record Ended(Instant at, Cause cause) implements State {}
  }

  /// Why a lease ended.
  public enum Cause {
    /// The presenter gave it back.
    CALL_FINISHED,
    /// Its time was over.
    EXPIRED,
    /// Everything of its subject was revoked.
    SUBJECT_REVOKED,
    /// Everything of its client was revoked.
    CLIENT_REVOKED,
    /// Its token was revoked.
    TOKEN_REVOKED,
    /// An operator ended it.
    OPERATOR,
    /// The mint did not come to its end: a crash, or a database or ledger that was away.
    UNFINISHED
  }
}
