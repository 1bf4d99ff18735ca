package dev.countersign.gateway;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// How a tool call ended. Every way it can end is listed here.
public sealed interface CallResult {
  /// The tool ran.
  record Completed(ObjectNode structured, Trace trace) implements CallResult {}

  /// The same call was made before; this is what it answered then, and nothing ran.
  ///
  /// @param trace of the call that was made
  record Repeated(ObjectNode structured, Trace trace) implements CallResult {}

  /// A server behind the gateway answered; its result is carried on as it came.
  ///
  /// @param result the tool result, `isError` included
  /// @param repeated whether it is what the same call answered before
  record Carried(ObjectNode result, boolean repeated, Trace trace) implements CallResult {}

  /// The arguments do not fit the tool's schema; nothing was asked for.
  record BadArguments(List<String> problems) implements CallResult {
    public BadArguments {
      problems = List.copyOf(problems);
    }
  }

  /// A person must approve; the same call succeeds afterwards.
  record ApprovalRequired(Approval approval) implements CallResult {}

  /// The code that the person's program passed on is wrong; the approval is still pending.
  ///
  /// @param left how many more may be tried
  record WrongCode(Approval approval, int left) implements CallResult {}

  /// Somebody said no: policy, the person, the broker or the database.
  ///
  /// @param code what a program can tell apart, such as `access_denied`
  /// @param reason for a person to read
  /// @param reasons what policy said, rule by rule; may be empty
  record Denied(String code, String reason, List<String> reasons, Trace trace)
      implements CallResult {
    public Denied {
      reasons = List.copyOf(reasons);
    }
  }

  /// The bearer is not, or no longer, accepted: HTTP 401.
  record SignInRequired() implements CallResult {}

  /// Something that the call needs is away; nothing was done, and the call may be repeated later.
  record Unavailable(Trace trace) implements CallResult {}

  /// Nobody wanted it any more, so it was stopped.
  ///
  /// @param isUnknown whether it may have had its effect all the same
  record Cancelled(Cancellation.Reason reason, boolean isUnknown, Trace trace)
      implements CallResult {}

  /// The call went wrong.
  ///
  /// @param code what a program can tell apart, such as `timeout`
  /// @param text for the agent, without internals
  record Failed(String code, String text, Trace trace) implements CallResult {}

  /// What joins a result to the other boxes, for people's screens; nothing in it opens anything.
  ///
  /// @param jti empty where there is none
  /// @param leaseId empty where there was no lease
  /// @param revoked whether the broker confirmed the lease's end
  record Trace(String jti, String leaseId, boolean revoked) {
    /// No token was asked for yet.
    public static final Trace NONE = new Trace("", "", false);

    /// A call without a lease.
    public static Trace of(String jti) {
      return new Trace(jti, "", false);
    }
  }
}
