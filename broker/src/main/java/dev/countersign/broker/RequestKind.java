package dev.countersign.broker;

/// Which kind of element of `authorization_details` something is about.
///
/// @param type the element's `type`, compared as a whole
/// @param action its `operationDetails.action`, compared as a whole
record RequestKind(String type, String action) {
  RequestKind {
    if (type.isEmpty() || action.isEmpty()) {
      throw new IllegalArgumentException("a kind of request needs a type and an action");
    }
  }

  /// Reads the key as it stands in configuration: `<type>|<action>`.
  static RequestKind of(String key) {
    int bar = key.lastIndexOf('|');
    if (bar < 1 || bar == key.length() - 1) {
      throw new IllegalArgumentException("the key of a role mapping is `<type>|<action>`");
    }
    return new RequestKind(key.substring(0, bar), key.substring(bar + 1));
  }
}
