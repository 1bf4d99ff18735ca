package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What of a role a token opens: every element of its signed authorization details must be mapped,
/// or nothing is.
public sealed interface RoleMatch {
  /// The request is mapped.
  ///
  /// @param groups the group roles it opens
  /// @param request the one element that the database will hold the login to
  record Matched(List<SqlName> groups, ObjectNode request) implements RoleMatch {}

  /// The request is not mapped.
  record NoMatch(String reason) implements RoleMatch {}

  /// Holds details against a role's mappings.
  static RoleMatch of(BrokerConfig.Role role, AuthorizationDetails details) {
    List<AuthorizationDetails.Element> elements = details.elements();
    if (elements.size() != 1) {
      return new NoMatch("authorization_details must have exactly one element here");
    }
    AuthorizationDetails.Element element = elements.getFirst();
    return role.mappings().stream()
        .filter(mapping -> mapping.matches(element))
        .findFirst()
        .<RoleMatch>map(mapping -> new Matched(mapping.groups(), element.json()))
        .orElseGet(
            () -> new NoMatch("no mapping of this role has the type and action of the element"));
  }
}
