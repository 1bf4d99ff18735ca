package dev.countersign.broker.http;

import dev.countersign.broker.Refusal;
import java.util.List;

/// A request that gets Vault's error answer instead of what it asked for.
final class VaultRefusal extends RuntimeException {
  private static final int FORBIDDEN = 403;
  private static final String PERMISSION_DENIED = "permission denied";

  private final int status;
  private final List<String> errors;

  private VaultRefusal(int status, List<String> errors) {
    super(String.join("; ", errors));
    this.status = status;
    this.errors = List.copyOf(errors);
  }

  static VaultRefusal of(Refusal refusal, String reason) {
    return switch (refusal) {
      case UNKNOWN_ROLE -> new VaultRefusal(400, List.of("unknown role"));
      case MALFORMED, LEASE_UNKNOWN, LEASE_OVER, LEASE_NOT_RENEWABLE -> malformed(reason);
      case OVER_LIMIT -> new VaultRefusal(429, List.of(reason));
      case UNAVAILABLE -> new VaultRefusal(503, List.of(reason));
      case RAR_NO_MATCH ->
          new VaultRefusal(FORBIDDEN, List.of("RAR_NO_MATCH: " + reason, PERMISSION_DENIED));
      case PRESENTER_NOT_PROVEN,
          PRESENTER_NOT_ALLOWED,
          TOKEN_REJECTED,
          ACTOR_NOT_ALLOWED,
          AGENT_UNKNOWN,
          BINDING_NOT_PROVEN,
          TOKEN_REVOKED,
          CLAIMS_DIFFER,
          TOKEN_USED,
          SUBJECT_REVOKED ->
          denied(reason);
    };
  }

  private static VaultRefusal denied(String reason) {
    return new VaultRefusal(FORBIDDEN, List.of(reason, PERMISSION_DENIED));
  }

  /// Nobody who may, and nothing about why.
  static VaultRefusal permissionDenied() {
    return new VaultRefusal(FORBIDDEN, List.of(PERMISSION_DENIED));
  }

  static VaultRefusal malformed(String reason) {
    return new VaultRefusal(400, List.of(reason));
  }

  /// A list without entries.
  static VaultRefusal empty() {
    return new VaultRefusal(404, List.of());
  }

  static VaultRefusal unsupportedPath() {
    return new VaultRefusal(404, List.of("unsupported path"));
  }

  static VaultRefusal unsupportedOperation() {
    return new VaultRefusal(405, List.of("unsupported operation"));
  }

  int status() {
    return status;
  }

  List<String> errors() {
    return errors;
  }
}
