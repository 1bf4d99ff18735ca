package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import java.util.List;

/// Which group roles one kind of request opens.
///
/// @param type the `type` of the element of `authorization_details`, compared as a whole
/// @param action its `operationDetails.action`, compared as a whole
/// @param groups the NOLOGIN roles of the target database that a login for it is a member of; at
///   least one
public record RoleMapping(String type, String action, List<SqlName> groups) {
  public RoleMapping {
    groups = List.copyOf(groups);
    if (type.isEmpty() || action.isEmpty()) {
      throw new IllegalArgumentException("a role mapping needs a type and an action");
    }
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("a role mapping needs at least one group role");
    }
  }

  /// Reads the key as it stands in configuration: `<type>|<action>`.
  public static RoleMapping of(String key, List<SqlName> groups) {
    int bar = key.lastIndexOf('|');
    if (bar < 1 || bar == key.length() - 1) {
      throw new IllegalArgumentException("the key of a role mapping is `<type>|<action>`");
    }
    return new RoleMapping(key.substring(0, bar), key.substring(bar + 1), groups);
  }

  /// Whether it speaks of this element.
  public boolean matches(AuthorizationDetails.Element element) {
    return type.equals(element.type()) && action.equals(element.action());
  }
}
