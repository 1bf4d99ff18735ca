package dev.countersign.sts;

import tools.jackson.databind.node.ObjectNode;

/// Asks one issuer about tokens. Never cached: the question is whether the token is good now.
@FunctionalInterface
public interface Introspector {
  /// Asks about one token.
  ///
  /// @param token as it came; at most 16 KiB of visible ASCII
  Answer ask(String token);

  /// What the issuer said.
  sealed interface Answer {
    /// The token is good, and this is what it stands for.
    record Active(ObjectNode claims) implements Answer {}

    /// The token is not good, or not for us to know about.
    record Inactive() implements Answer {}

    /// The issuer gave no usable answer.
    record Unavailable(String reason) implements Answer {}
  }
}
