package dev.countersign.gateway;

import dev.countersign.protocol.Secret;

/// A database login that exists for one call.
///
/// @param id the broker's name for it
public record Lease(String id, String username, Secret password) {}
