package dev.countersign.sts.clients;

import java.util.Set;

/// What a client may do beyond the plain exchange, and what it must do.
///
/// @param actorAnchors names of the anchors whose tokens it may send as `actor_token`
/// @param actorRequired whether each exchange must name an actor
/// @param chains ids of the clients whose on-behalf-of tokens it may exchange for narrower ones
/// @param standardStepUp whether it gets 400 `insufficient_user_authentication` and polls, instead
///   of the 200 `mfa_challenge` form
/// @param dpopRequired whether each of its token requests must carry a DPoP proof
/// @param certificateBound whether its tokens are bound to the certificate that it proved
/// @param introspects resources whose tokens it may ask about, as a resource server does
/// @param submitsCodes whether it may pass on a one-time code that a person gave it, as older
///   clients do
public record ClientOptions(
    Set<String> actorAnchors,
    boolean actorRequired,
    Set<String> chains,
    boolean standardStepUp,
    boolean dpopRequired,
    boolean certificateBound,
    Set<String> introspects,
    boolean submitsCodes) {
  private static final ClientOptions NONE =
      new ClientOptions(Set.of(), false, Set.of(), false, false, false, Set.of(), false);

  public ClientOptions {
    actorAnchors = Set.copyOf(actorAnchors);
    chains = Set.copyOf(chains);
    introspects = Set.copyOf(introspects);
  }

  /// The plain client: its own actor, no chain, Verify's form of step-up, bearer tokens.
  public static ClientOptions none() {
    return NONE;
  }
}
