package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.TypeVersions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which group roles one kind of request opens.
///
/// @param type the `type` of the element of `authorization_details`, compared as a whole
/// @param action its `operationDetails.action`, compared as a whole
/// @param groups the NOLOGIN roles of the target database that a login for it is a member of; at
///   least one
/// @param constraints what else must hold for the element
/// @param timeToLive of a lease for it, where that is shorter than the role's
/// @param versions of the type that it is written for
public record RoleMapping(
    String type,
    String action,
    List<SqlName> groups,
    Constraints constraints,
    Optional<Duration> timeToLive,
    Set<Integer> versions) {
  public RoleMapping {
    groups = List.copyOf(groups);
    versions = Set.copyOf(versions);
    if (type.isEmpty() || action.isEmpty()) {
      throw new IllegalArgumentException("a role mapping needs a type and an action");
    }
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("a role mapping needs at least one group role");
    }
    if (timeToLive.isPresent() && !timeToLive.get().isPositive()) {
      throw new IllegalArgumentException("the lifetime of a role mapping must be over 0");
    }
    if (versions.isEmpty() || !versions.stream().allMatch(TypeVersions::isVersion)) {
      throw new IllegalArgumentException("versions of a role mapping must be whole numbers from 1");
    }
  }

  /// Reads the key as it stands in configuration: `<type>|<action>`.
  public static RoleMapping of(String key, List<SqlName> groups) {
    return of(key, groups, Constraints.NONE, Optional.empty());
  }

  /// Reads the key as it stands in configuration: `<type>|<action>`.
  public static RoleMapping of(
      String key, List<SqlName> groups, Constraints constraints, Optional<Duration> timeToLive) {
    return of(key, groups, constraints, timeToLive, Set.of(TypeVersions.FIRST));
  }

  /// Reads the key as it stands in configuration: `<type>|<action>`.
  public static RoleMapping of(
      String key,
      List<SqlName> groups,
      Constraints constraints,
      Optional<Duration> timeToLive,
      Set<Integer> versions) {
    var kind = RequestKind.of(key);
    return new RoleMapping(kind.type(), kind.action(), groups, constraints, timeToLive, versions);
  }

  /// Whether it speaks of this element; its constraints are another question.
  public boolean matches(AuthorizationDetails.Element element) {
    return type.equals(element.type()) && action.equals(element.action());
  }
}
