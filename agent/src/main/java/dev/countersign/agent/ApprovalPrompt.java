package dev.countersign.agent;

import java.net.URI;

/// Shows a person where to approve, on a way that the model has no part in: their screen, a message
/// to them. The code belongs on that page only; nothing that a prompt returns counts as an
/// approval.
@FunctionalInterface
public interface ApprovalPrompt {

  /// Shows it. Called once per approval, however long the call waits for it.
  ///
  /// @param page of the token service
  /// @param message what they are asked, in words
  void show(URI page, String message);
}
