package dev.countersign.broker;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What a login may do.
///
/// @param groups the NOLOGIN roles that it is a member of; at least one
/// @param requests the matched elements of the signed `authorization_details`, which the database
///   holds it to; at least one. One is stored as a JSON object, several as an array
/// @param limits how much of the server it may take
public record Grant(List<SqlName> groups, List<ObjectNode> requests, LoginLimits limits) {
  public Grant {
    groups = List.copyOf(groups);
    requests = List.copyOf(requests);
    if (groups.isEmpty() || requests.isEmpty()) {
      throw new IllegalArgumentException("a grant needs at least one group and one request");
    }
  }
}
