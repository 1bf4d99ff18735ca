package dev.countersign.agent;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How a tool call ended, for the agent's program to switch over.
public sealed interface CallOutcome {
  /// What a model is told of it, in words.
  default String forModel() {
    return switch (this) {
      case Done done -> done.text();
      case ApprovalRequired approval -> approval.text();
      case Denied denied -> "denied (" + denied.code() + "): " + denied.reason();
      case SignInRequired _ -> "the person must sign in again; tell them so and stop";
      case Failed failed -> failed.text();
    };
  }

  /// The tool ran.
  ///
  /// @param text for the model
  /// @param structured the same as data; null node where the tool gives none
  /// @param diagnostics `dev.countersign/…` members for people's screens: jti, lease, revoked
  record Done(String text, JsonNode structured, ObjectNode diagnostics) implements CallOutcome {}

  /// A person must approve on a page; the same call succeeds afterwards.
  ///
  /// @param number two digits that the page shows as well, for the person to compare; may be empty
  /// @param text for the model, page and deadline included
  /// @param jti joins this to the audit
  record ApprovalRequired(
      URI url, String approvalId, String number, Instant expiresAt, String text, String jti)
      implements CallOutcome {}

  /// Somebody said no, and will say no again.
  ///
  /// @param reason for a person
  /// @param code what a program can tell apart, such as `access_denied`
  /// @param reasons what policy said, rule by rule; may be empty
  record Denied(String reason, String code, String jti, List<String> reasons)
      implements CallOutcome {
    public Denied {
      reasons = List.copyOf(reasons);
    }
  }

  /// The person must sign in again; the bearer is not, or no longer, accepted.
  ///
  /// @param resourceMetadata where the server says how, if it said so
  record SignInRequired(Optional<URI> resourceMetadata) implements CallOutcome {}

  /// The call went wrong: bad arguments, something away, an unknown tool, an unknown outcome.
  ///
  /// @param code what a program can tell apart, such as `invalid_arguments` or `unavailable`
  /// @param text for the model
  /// @param diagnostics as in [Done]; may be empty
  record Failed(String code, String text, ObjectNode diagnostics) implements CallOutcome {}
}
