package dev.countersign.policy;

/// Whose history a counter or pattern is about.
public enum Per {
  SUBJECT,
  CLIENT,
  ACTOR,
  /// Everybody: one installation is one tenant.
  TENANT;

  /// The key under which this history of a request is kept.
  String key(AccessRequest request) {
    return switch (this) {
      case SUBJECT -> "subject:" + request.subject();
      case CLIENT -> "client:" + request.client();
      case ACTOR -> "actor:" + request.actor();
      case TENANT -> "tenant";
    };
  }
}
