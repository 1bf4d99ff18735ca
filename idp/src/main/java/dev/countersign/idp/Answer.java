package dev.countersign.idp;

import java.util.Map;
import tools.jackson.databind.JsonNode;

/// An answer of one of the providers' JSON endpoints.
///
/// @param headers beside the content's own
/// @param body a missing node for an answer without a body
public record Answer(int status, Map<String, String> headers, JsonNode body) {
  public Answer {
    headers = Map.copyOf(headers);
  }

  /// Without headers of its own.
  public static Answer of(int status, JsonNode body) {
    return new Answer(status, Map.of(), body);
  }
}
