package dev.countersign.gateway;

import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.util.Optional;

/// Says whether one call may be made, and with which token. Threads may share it.
public interface Authorizer {

  /// Decides about one call, or learns what was decided.
  ///
  /// @param entry the call's place in the ledger; a refusal is in it before this returns
  /// @throws dev.countersign.protocol.UnavailableException if what decides is away
  Authorization authorize(Ask ask, CallEntry entry);

  /// What is asked.
  ///
  /// @param details what exactly this call asks for, built from its tool and arguments
  /// @param patience how long to wait for a person who has to approve
  /// @param code what the person was sent, where their program passes it on
  /// @param cancellation whether somebody still waits for the call
  record Ask(
      Caller caller,
      Tool tool,
      AuthorizationDetails details,
      Duration patience,
      Optional<Code> code,
      Cancellation cancellation) {}

  /// A code that the person gave to a program of theirs, for one approval.
  record Code(String approvalId, Secret text) {}

  /// What came of it.
  sealed interface Authorization {
    /// The call may be made.
    ///
    /// @param token an on-behalf-of token for exactly this call, checked
    record Granted(Secret token) implements Authorization {}

    /// It may not, or not yet.
    record Ended(CallResult result) implements Authorization {}
  }
}
