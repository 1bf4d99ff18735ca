package dev.countersign.broker;

import java.util.List;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// A database in which the broker makes and ends logins. Threads may share it.
///
/// Its methods throw [dev.countersign.protocol.UnavailableException] when the database is away.
public interface TargetDatabase {

  /// Makes sure that the set-up lets a login do no more than it should, once; later calls cost
  /// nothing.
  ///
  /// @param groups the group roles that mappings name
  /// @throws UnsafeTargetException with every problem it found
  void ensureSafe(Set<SqlName> groups);

  /// Makes a lease's login and writes down its approved request, both or neither.
  ///
  /// @param request the one matched element of `authorization_details`
  void create(Lease lease, ScramVerifier password, List<SqlName> groups, ObjectNode request);

  /// Gives an existing login another password.
  ///
  /// @return false if there is no such login
  boolean changePassword(SqlName user, ScramVerifier password);

  /// Ends a login: its approved request, its connections, then the role. When this returns, nothing
  /// of it is left; a login that does not exist is fine.
  void drop(SqlName user);

  /// Every login here that this broker has made and not dropped.
  List<LoginRole> logins();

  /// A login that the broker made.
  ///
  /// @param jti the token that paid for it; empty if its approved request is gone
  record LoginRole(SqlName user, String jti) {}
}
