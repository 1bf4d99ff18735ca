package dev.countersign.gateway;

import dev.countersign.protocol.Secret;
import java.util.Optional;

/// A database login that exists for one call.
///
/// @param id the broker's name for it
/// @param holder what a foreign Vault wants to see before it ends the lease; our own broker asks
///   who is calling
public record Lease(String id, String username, Secret password, Optional<Secret> holder) {

  /// A lease of our own broker.
  public Lease(String id, String username, Secret password) {
    this(id, username, password, Optional.empty());
  }
}
