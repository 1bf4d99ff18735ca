package dev.countersign.broker.vault;

import dev.countersign.broker.OnBehalfOfToken;
import dev.countersign.broker.Presenter;
import java.time.Duration;
import java.time.Instant;

/// What a login opened: Vault calls its name a token.
///
/// @param accessor a name for it that opens nothing
/// @param longestUntil how far it may be renewed
public record Session(
    String accessor, Holder holder, Instant issuedAt, Instant expiresAt, Instant longestUntil) {
  public Session {
    if (expiresAt.isAfter(longestUntil)) {
      throw new IllegalArgumentException("a session must not outlive its longest time");
    }
  }

  /// How long it lives from now on; zero when it is over.
  public Duration remaining(Instant now) {
    Duration left = Duration.between(now, expiresAt);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /// Whether it opens anything now.
  public boolean isOpen(Instant now) {
    return now.isBefore(expiresAt);
  }

  /// Whether it may live longer than it does.
  public boolean isRenewable() {
    return expiresAt.isBefore(longestUntil);
  }

  /// Who is calling, whatever it holds.
  public Presenter presenter() {
    return switch (holder) {
      case Holder.OfRequest(_, _, _, Presenter presenter) -> presenter;
      case Holder.Operator(String workload) -> Presenter.named(workload);
    };
  }

  /// Who opened it, and so what it opens.
  public sealed interface Holder {
    /// Somebody who showed an on-behalf-of token: the session opens what that token opens.
    ///
    /// @param role the broker's role that was named at the login
    /// @param audience the resource that the token is for: roles for another one stay shut
    record OfRequest(OnBehalfOfToken token, String role, String audience, Presenter presenter)
        implements Holder {}

    /// A workload that may look after databases, roles and the leases of others.
    record Operator(String workload) implements Holder {}
  }
}
