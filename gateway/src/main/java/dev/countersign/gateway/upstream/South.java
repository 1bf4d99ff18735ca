package dev.countersign.gateway.upstream;

import dev.countersign.protocol.Secret;
import java.util.Map;
import java.util.Set;

/// The credential headers of one request to a server behind the gateway. There are no others:
/// nothing of the caller's request goes on but method, tool and arguments.
///
/// @param headers from a fixed list
public record South(Map<String, Secret> headers) {
  private static final Set<String> FIXED =
      Set.of("Authorization", "X-DB-Username", "X-DB-Password");

  /// No credential.
  public static final South NOTHING = new South(Map.of());

  public South {
    headers = Map.copyOf(headers);
    if (!FIXED.containsAll(headers.keySet())) {
      throw new IllegalArgumentException("a header goes to a server that is not on the list");
    }
  }

  /// A token as bearer.
  public static South bearer(Secret token) {
    return new South(Map.of("Authorization", new Secret("Bearer " + token.reveal())));
  }

  /// Whether a text holds one of the secrets.
  boolean leaksInto(String text) {
    return headers.values().stream()
        .map(secret -> secret.reveal().replaceFirst("^Bearer ", ""))
        .anyMatch(text::contains);
  }
}
