package dev.countersign.policy;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The members of one type that the ledger must not hold, such as an account number. They are
/// decided on and signed like all others; the digest in the ledger still covers them.
///
/// @param pointers JSON pointers into an element
record Redaction(List<String> pointers) {
  /// What stands in the ledger in place of a value.
  static final String MARK = "[redacted]";

  Redaction {
    pointers = List.copyOf(pointers);
  }

  /// A copy of an element without what is marked.
  ObjectNode element(ObjectNode element) {
    ObjectNode copy = element.deepCopy();
    pointers.forEach(pointer -> mark(copy, Shape.names(pointer)));
    return copy;
  }

  private static void mark(JsonNode at, List<String> names) {
    String name = names.getFirst();
    if (names.size() > 1) {
      mark(at.path(name), names.subList(1, names.size()));
    } else if (at instanceof ObjectNode object && object.has(name)) {
      object.put(name, MARK);
    }
  }

  /// Whether a member is marked, or lies below one that is.
  ///
  /// @param path such as `request.operationDetails.amount`
  boolean marks(String path) {
    return pointers.stream()
        .map(pointer -> "request." + String.join(".", Shape.names(pointer)))
        .anyMatch(marked -> marked.equals(path) || path.startsWith(marked + "."));
  }

  /// Whether a value that a rule read is marked, holds something marked, or lies below it.
  ///
  /// @param path such as `request.operationDetails.amount`
  boolean covers(String path) {
    return pointers.stream()
        .map(pointer -> "request." + String.join(".", Shape.names(pointer)))
        .anyMatch(marked ->
            marked.equals(path) || marked.startsWith(path + ".") || path.startsWith(marked + "."));
  }
}
