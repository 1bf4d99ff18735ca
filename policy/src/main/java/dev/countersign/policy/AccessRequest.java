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
/// @param resources facts about the things it is about, by the keys of [Policy#resources] and by
///   declared name
public record AccessRequest(
    String subject,
    String anchor,
    Map<String, Attribute> attributes,
    String client,
    String actor,
    Set<String> scopes,
    AuthorizationDetails details,
    Instant now,
    Map<String, Map<String, Attribute>> resources) {
  public AccessRequest {
    attributes = Map.copyOf(attributes);
    scopes = Set.copyOf(scopes);
    resources = Map.copyOf(resources);
  }

  /// A request about nothing that is looked up.
  public AccessRequest(
      String subject,
      String anchor,
      Map<String, Attribute> attributes,
      String client,
      String actor,
      Set<String> scopes,
      AuthorizationDetails details,
      Instant now) {
    this(subject, anchor, attributes, client, actor, scopes, details, now, Map.of());
  }

  /// The same request with what is known about the person and about the things it is about.
  public AccessRequest knowing(
      Map<String, Attribute> person, Map<String, Map<String, Attribute>> things) {
    return new AccessRequest(subject, anchor, person, client, actor, scopes, details, now, things);
  }

  /// The same request for something else.
  AccessRequest asking(AuthorizationDetails other) {
    return new AccessRequest(
        subject, anchor, attributes, client, actor, scopes, other, now, resources);
  }

  /// The same request at another time.
  AccessRequest at(Instant time) {
    return new AccessRequest(
        subject, anchor, attributes, client, actor, scopes, details, time, resources);
  }
}
