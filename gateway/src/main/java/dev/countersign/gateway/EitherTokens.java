package dev.countersign.gateway;

/// Both patterns at one gateway: a person's own token is exchanged here, an on-behalf-of token that
/// an agent brings must be for exactly the call.
///
/// Threads may share it.
///
/// @param exchanging for people's own tokens
/// @param presented for on-behalf-of tokens
public record EitherTokens(Authorizer exchanging, Authorizer presented) implements Authorizer {
  @Override
  public Authorization authorize(Ask ask, CallEntry entry) {
    return switch (ask.caller()) {
      case Caller.Person _ -> exchanging.authorize(ask, entry);
      case Caller.Agent _ -> presented.authorize(ask, entry);
    };
  }
}
