package dev.countersign.gateway;

import java.util.List;

/// Pattern B: the agent has exchanged already, and brings a token. It must be for exactly this
/// call: what the tool and its arguments ask for equals what was decided and signed, member by
/// member. The token was checked when the request came in; its single use is the broker's to keep.
///
/// Threads may share it.
public final class PresentedTokens implements Authorizer {
  @Override
  public Authorization authorize(Ask ask, CallEntry entry) {
    return switch (ask.caller()) {
      case Caller.Person _ -> {
        entry.refuse("gateway", "a call needs an on-behalf-of token, not the person's own");
        yield new Authorization.Ended(new CallResult.SignInRequired());
      }
      case Caller.Agent agent -> {
        entry.join(agent.jti());
        if (!agent.details().equals(ask.details())) {
          entry.refuse("gateway", "`authorization_details` are not those of this call");
          yield mismatch(agent, "the token was issued for another call than this one");
        }
        if (!ask.tool().versions().cover(agent.details(), agent.versions())) {
          entry.refuse("gateway", "on-behalf-of token: " + OboCheck.OTHER_VERSION);
          yield mismatch(
              agent, "the type of the request has changed, and this tool is not written for it");
        }
        yield new Authorization.Granted(agent.token());
      }
    };
  }

  private static Authorization mismatch(Caller.Agent agent, String reason) {
    return new Authorization.Ended(
        new CallResult.Denied(
            "token_mismatch", reason, List.of(), CallResult.Trace.of(agent.jti())));
  }
}
