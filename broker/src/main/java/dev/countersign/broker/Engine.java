package dev.countersign.broker;

import dev.countersign.protocol.Secret;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Where credentials are made and ended: all that leases need to know of a database. Another kind
/// of database, or a mode in which the broker runs the statement itself, is one more
/// implementation. Threads may share it.
///
/// Its methods throw [dev.countersign.protocol.UnavailableException] when the database is away.
public interface Engine {

  /// Makes sure that the set-up lets a login do no more than it should, once; later calls cost
  /// nothing.
  ///
  /// @param groups the group roles that mappings name
  /// @throws UnsafeTargetException with every problem it found
  void ensureSafe(Set<SqlName> groups);

  /// Makes a lease's login and writes down what it may do, both or neither. The lease is journaled
  /// before.
  ///
  /// @return its password, known to nobody else
  Secret mint(Lease lease, Grant grant);

  /// Gives an existing login another password.
  ///
  /// @return empty if there is no such login
  Optional<Secret> changePassword(SqlName user);

  /// Lets an existing login live until the lease's new end.
  ///
  /// @return false if there is no such login
  boolean extend(Lease lease);

  /// Ends a login: its approved request, its connections, then the role. When this returns, nothing
  /// of it is left; a login that does not exist is fine.
  void revoke(SqlName user);

  /// Every login here that this broker has made and not ended.
  List<LoginRole> list();

  /// A login that the broker made.
  ///
  /// @param jti the token that paid for it; empty if its approved request is gone
  record LoginRole(SqlName user, String jti) {}
}
