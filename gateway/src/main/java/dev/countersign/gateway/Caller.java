package dev.countersign.gateway;

import dev.countersign.protocol.Secret;

/// The person behind a request, as their bearer token proved it.
///
/// @param subject `anchor|stable id`, the key of a person everywhere
/// @param bearer what is exchanged; it goes to the STS and nowhere else
public record Caller(Anchor anchor, String subject, Secret bearer) {}
