package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.TypeVersions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// What of a role a token opens: every element of its signed authorization details must be mapped,
/// within the constraints and within the agent's ceiling, or nothing is.
public sealed interface RoleMatch {
  /// The request is mapped.
  ///
  /// @param grant the group roles it opens, and the elements that the database will hold the login
  ///   to
  /// @param timeToLive of the lease
  record Matched(Grant grant, Duration timeToLive) implements RoleMatch {}

  /// The request is not mapped.
  record NoMatch(String reason) implements RoleMatch {}

  /// Holds details against a role's mappings.
  ///
  /// @param agent the ceiling of the agent that acts, or empty where no agent has one
  /// @param versions by which versions of their types the details were decided
  /// @param path of the request, without the API version
  /// @param operation `update` or `read`
  /// @param parameters the names of the body's members
  static RoleMatch of(
      BrokerConfig.Role role,
      Optional<BrokerConfig.Agent> agent,
      AuthorizationDetails details,
      TypeVersions versions,
      String path,
      String operation,
      Set<String> parameters) {
    var paths = new ArrayList<AuthorizationDetails.Element>();
    var requests = new ArrayList<AuthorizationDetails.Element>();
    for (AuthorizationDetails.Element element : details.elements()) {
      (element.type().equals(PathAccess.TYPE) ? paths : requests).add(element);
    }
    if (requests.isEmpty()) {
      return new NoMatch("authorization_details asks for nothing that a role can map");
    }
    Optional<String> outside = PathAccess.outside(paths, path, operation, parameters);
    if (outside.isPresent()) {
      return new NoMatch(outside.get());
    }
    return of(role, agent, requests, versions);
  }

  private static RoleMatch of(
      BrokerConfig.Role role,
      Optional<BrokerConfig.Agent> agent,
      List<AuthorizationDetails.Element> requests,
      TypeVersions versions) {
    var groups = new LinkedHashSet<SqlName>();
    var elements = new ArrayList<ObjectNode>();
    Duration timeToLive = role.timeToLive();
    for (AuthorizationDetails.Element request : requests) {
      Optional<RoleMapping> mapping =
          role.mappings().stream().filter(candidate -> candidate.matches(request)).findFirst();
      if (mapping.isEmpty()) {
        return new NoMatch("no mapping of this role has the type and action of the element");
      }
      if (!mapping.get().versions().contains(versions.of(request.type()))) {
        return new NoMatch("the mapping is not written for this version of the element's type");
      }
      Optional<String> broken = mapping.get().constraints().broken(request.json());
      if (broken.isPresent()) {
        return new NoMatch(broken.get());
      }
      if (agent.isPresent()
          && agent.get().ceiling().stream().noneMatch(ceiling -> ceiling.covers(request))) {
        return new NoMatch("the request is above the ceiling of the agent that acts");
      }
      groups.addAll(mapping.get().groups());
      elements.add(request.json());
      Duration own = mapping.get().timeToLive().orElse(timeToLive);
      timeToLive = own.compareTo(timeToLive) < 0 ? own : timeToLive;
    }
    return new Matched(new Grant(List.copyOf(groups), elements, role.limits()), timeToLive);
  }
}
