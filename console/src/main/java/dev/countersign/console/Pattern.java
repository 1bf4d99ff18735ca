package dev.countersign.console;

import java.util.Locale;
import java.util.Optional;

/// Where a person's token is exchanged.
public enum Pattern {
  /// Pattern A: the gateway exchanges the token that the agent forwards.
  TE,
  /// Pattern B: the agent exchanges it, and the gateway only checks what the agent brings.
  VALIDATE;

  /// As in `MCP_AUTH_MODE`.
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Pattern> of(String wireName) {
    return switch (wireName) {
      case "te" -> Optional.of(TE);
      case "validate" -> Optional.of(VALIDATE);
      default -> Optional.empty();
    };
  }
}
