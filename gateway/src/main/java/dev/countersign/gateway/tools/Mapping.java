package dev.countersign.gateway.tools;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What a call of one foreign tool asks for. A tool without one is neither listed nor called.
///
/// @param name what agents call it
/// @param rar the template of its authorization details, not yet compiled: it is typed by the
///   approved definition's schema
/// @param versions of the types in `rar`
/// @param scope asked for at the STS
/// @param role the broker's role, where the server takes a database login
/// @param idempotency for a tool that writes
public record Mapping(
    String name,
    JsonNode rar,
    KnownVersions versions,
    String scope,
    Optional<String> role,
    Optional<Tool.Idempotency> idempotency) {
  public Mapping {
    rar = rar.deepCopy();
  }
}
