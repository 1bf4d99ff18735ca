package dev.countersign.broker;

import dev.countersign.protocol.AuthorizationDetails;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The elements of type `vault:path_access`: they open nothing, and where there are any, one of
/// them must allow the path and the operation of the request.
///
/// Two shapes are published. The current one is `path` with `capabilities` and, optionally, lists
/// of parameters; the first one was `path_constraint` with `action`. An element with the members of
/// both must allow by both. A path may end in `*`, which stands for any rest.
final class PathAccess {
  static final String TYPE = "vault:path_access";

  private static final Set<String> MEMBERS =
      Set.of(
          "type",
          "path",
          "capabilities",
          "allowed_parameters",
          "denied_parameters",
          "required_parameters",
          "path_constraint",
          "action");

  private PathAccess() {}

  /// Why the request is outside of what the elements allow; empty if it is inside, or there are
  /// none.
  ///
  /// @param path without the API version
  /// @param operation `update` or `read`
  /// @param parameters the names of the body's members
  static Optional<String> outside(
      List<AuthorizationDetails.Element> elements,
      String path,
      String operation,
      Set<String> parameters) {
    boolean allowed = elements.isEmpty();
    for (AuthorizationDetails.Element element : elements) {
      ObjectNode json = element.json();
      if (!MEMBERS.containsAll(json.propertyNames())) {
        return Optional.of("an element of type vault:path_access has a member not known here");
      }
      boolean current = json.has("path") || json.has("capabilities");
      boolean first = json.has("path_constraint") || json.has("action");
      if (!current && !first) {
        return Optional.of("an element of type vault:path_access names no path");
      }
      if (current
          && covers(json.path("path"), path)
          && list(json, "capabilities").contains("deny")) {
        return Optional.of("an element of type vault:path_access denies this path");
      }
      allowed |=
          (!current || allows(json, path, operation, parameters))
              && (!first || allowedAtFirst(json, path, operation));
    }
    return allowed
        ? Optional.empty()
        : Optional.of("no element of type vault:path_access allows this path and operation");
  }

  private static boolean allows(
      ObjectNode json, String path, String operation, Set<String> parameters) {
    return covers(json.path("path"), path)
        && list(json, "capabilities").contains(operation)
        && allowsParameters(json, parameters);
  }

  private static boolean allowedAtFirst(ObjectNode json, String path, String operation) {
    return covers(json.path("path_constraint"), path)
        && json.path("action").isString()
        && json.path("action").stringValue().equals(operation);
  }

  private static boolean covers(JsonNode allowed, String path) {
    if (!allowed.isString()) {
      return false;
    }
    String text = allowed.stringValue();
    return text.endsWith("*")
        ? path.startsWith(text.substring(0, text.length() - 1))
        : path.equals(text);
  }

  // Values of parameters are not looked at, so a list of allowed values is not understood.
  private static boolean allowsParameters(ObjectNode json, Set<String> parameters) {
    Optional<Set<String>> allowed = parameterNames(json, "allowed_parameters");
    Optional<Set<String>> denied = parameterNames(json, "denied_parameters");
    if (allowed.isEmpty() || denied.isEmpty()) {
      return false;
    }
    boolean isAllowed =
        allowed.get().isEmpty()
            || allowed.get().contains("*")
            || allowed.get().containsAll(parameters);
    boolean isDenied =
        (denied.get().contains("*") && !parameters.isEmpty())
            || parameters.stream().anyMatch(denied.get()::contains);
    JsonNode required = json.path("required_parameters");
    return isAllowed
        && !isDenied
        && (required.isMissingNode()
            || (required.isArray() && parameters.containsAll(list(json, "required_parameters"))));
  }

  private static Optional<Set<String>> parameterNames(ObjectNode json, String member) {
    JsonNode value = json.path(member);
    if (value.isMissingNode()) {
      return Optional.of(Set.of());
    }
    if (!(value instanceof ObjectNode object)) {
      return Optional.empty();
    }
    for (JsonNode values : object) {
      if (!values.isArray() || !values.isEmpty()) {
        return Optional.empty();
      }
    }
    return Optional.of(Set.copyOf(object.propertyNames()));
  }

  private static List<String> list(ObjectNode json, String member) {
    var texts = new ArrayList<String>();
    JsonNode value = json.path(member);
    if (value.isArray()) {
      for (JsonNode entry : value) {
        texts.add(entry.isString() ? entry.stringValue() : "");
      }
    }
    return List.copyOf(texts);
  }
}
