package dev.countersign.sts.stepup;

import java.time.Instant;
import java.util.Set;

/// Somebody who signed in at the approval page.
///
/// @param subject the subject key
/// @param marks what they are for the [Approvers] of a policy, as their identity provider said
/// @param signedInAt when they came here
public record Visitor(String subject, Set<String> marks, Instant signedInAt) {

  public Visitor {
    marks = Set.copyOf(marks);
  }

  /// Their trust anchor.
  public String anchor() {
    return subject.substring(0, subject.indexOf('|'));
  }

  /// Whether it is their own request.
  public boolean asked(Approval approval) {
    return approval.person().key().equals(subject);
  }
}
