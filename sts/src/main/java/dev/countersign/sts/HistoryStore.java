package dev.countersign.sts;

import dev.countersign.policy.Reserved;
import dev.countersign.policy.ScopeHistory;
import dev.countersign.protocol.UnavailableException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Where histories are kept, for all replicas.
public interface HistoryStore {

  /// Writes new histories, if none of those that a decision was based on has changed since.
  ///
  /// @param seen what the decision was based on, by key
  /// @param changed what they are now to be; a part of `seen`
  /// @param grant what may be given back later, or null
  /// @return empty if it is written, else what the histories are now
  Map<String, Kept> reserve(
      SortedMap<String, Kept> seen, Map<String, ScopeHistory> changed, @Nullable Grant grant);

  /// Gives back what a grant took whose token never left, and forgets the grant. Does nothing where
  /// it is no longer there.
  void giveBack(String subject, String jti, List<Reserved> taken);

  /// Takes grants whose tokens have ended, for one caller; no other replica takes them until
  /// `until`.
  ///
  /// @param since those that ended earlier are left alone
  List<Ended> ended(Instant now, Instant since, Instant until, int limit);

  /// Forgets a grant, and gives back what it took if it was never used.
  ///
  /// @return false if somebody else settled it before
  boolean settle(Ended ended, boolean wasUsed);

  /// Forgets grants whose tokens ended before; what they took stays taken.
  void forget(Instant before);

  /// A history as it is kept.
  ///
  /// @param version 0 for one that is not kept yet
  record Kept(long version, ScopeHistory history) {
    static final Kept NOTHING = new Kept(0, ScopeHistory.EMPTY);
  }

  /// What a token took from counters.
  ///
  /// @param endsAt when nobody can use the token any more
  record Grant(String subject, String jti, String audience, List<Reserved> taken, Instant endsAt) {
    public Grant {
      taken = List.copyOf(taken);
    }
  }

  /// A grant whose token has ended.
  ///
  /// @param id tells it from others of the same token, as when an approval is redeemed twice at
  ///   once
  record Ended(String id, Grant grant) {}

  /// Too many others change the same history at this moment.
  final class Contended extends UnavailableException {
    public Contended() {
      super("too many requests at once draw on the same limit", null);
    }
  }
}
