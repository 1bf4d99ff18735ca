package dev.countersign.sts.stepup;

import java.net.URI;

/// Writes to somebody who may approve a request of somebody else.
@FunctionalInterface
public interface InvitationSender {

  /// Sends one message and returns when the next server has taken it.
  ///
  /// @throws CodeSender.NotSent if it has not
  void invite(String address, Approval approval, URI page);
}
