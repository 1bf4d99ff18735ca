package dev.countersign.policy;

import dev.countersign.protocol.AuthorizationDetails;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/// Everything that a decision may depend on.
///
/// @param subject key of the person, `<anchor>|<stable id>`
/// @param anchor name of the trust anchor that vouches for the person
/// @param attributes facts about the person by declared name
/// @param client id of the authenticated client
/// @param actor id of the agent that acts
/// @param details what is asked for; already checked by [TypeRegistry#check]
public record AccessRequest(
    String subject,
    String anchor,
    Map<String, Attribute> attributes,
    String client,
    String actor,
    Set<String> scopes,
    AuthorizationDetails details,
    Instant now) {
  public AccessRequest {
    attributes = Map.copyOf(attributes);
    scopes = Set.copyOf(scopes);
  }
}
