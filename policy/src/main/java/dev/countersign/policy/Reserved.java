package dev.countersign.policy;

import java.time.Instant;

/// An amount that a grant took from a counter, and that can be given back.
///
/// @param scope key of the history, see [Policy#scopes]
/// @param track which counter, by the digest of its definition
/// @param at when it was taken
public record Reserved(String scope, String track, Instant at, long amount) {}
