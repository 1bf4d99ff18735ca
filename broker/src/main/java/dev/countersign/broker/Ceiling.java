package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;

/// One kind of request that an agent may ask for at most.
///
/// @param type the `type` of the element, compared as a whole
/// @param action its `operationDetails.action`, compared as a whole
/// @param constraints what must hold for the element
public record Ceiling(String type, String action, Constraints constraints) {

  /// Reads the key as it stands in configuration: `<type>|<action>`.
  public static Ceiling of(String key, Constraints constraints) {
    var kind = RequestKind.of(key);
    return new Ceiling(kind.type(), kind.action(), constraints);
  }

  /// Whether it lets an element through.
  public boolean covers(AuthorizationDetails.Element element) {
    return type.equals(element.type())
        && action.equals(element.action())
        && constraints.broken(element.json()).isEmpty();
  }
}
