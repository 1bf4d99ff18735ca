package dev.countersign.broker;

/// The places between two lasting effects, where a crash leaves the most behind.
public enum FaultPoint {
  /// The lease is journaled; there is no login.
  MINT_JOURNALED,
  /// The login exists; the journal does not say so.
  MINT_CREATED,
  /// The lease is active; the ledger does not say so.
  MINT_ACTIVE,
  /// The ledger says that there is a login; nobody has its password.
  MINT_RECORDED,
  /// The lease has a later end; its login has not.
  RENEW_JOURNALED,
  /// The lease is marked as ending; its login may be used.
  END_MARKED,
  /// Nobody can log in any more; sessions are open.
  END_SHUT_OUT,
  /// The login is gone; the journal does not say so.
  END_DROPPED,
  /// The lease has ended; the ledger does not say so.
  END_JOURNALED,
  /// The ledger says that the lease ended; the journal does not know that it does.
  END_RECORDED;

  /// What happens at such a place.
  @FunctionalInterface
  public interface Hook {
    /// Nothing happens.
    Hook NONE = _ -> {};

    void reached(FaultPoint point);
  }
}
