package dev.countersign.gateway;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.UnavailableException;

/// The broker as the gateway sees it.
public interface CredentialBroker {

  /// Asks for a login.
  ///
  /// @throws UnavailableException if the broker is away; it may have made a login whose lease we do
  ///   not know, which its own sweeper ends
  MintResult mint(String role, Secret onBehalfOfToken);

  /// Ends a lease; returns once its connections are ended and its role is gone.
  ///
  /// @return whether the broker confirmed it
  boolean revoke(Lease lease);
}
