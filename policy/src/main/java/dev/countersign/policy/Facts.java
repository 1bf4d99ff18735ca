package dev.countersign.policy;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What rules may read about one element, with what several of them read alike kept after the first
/// has looked. For one thread and one decision.
final class Facts {
  private static final Object NONE = new Object();

  private final Map<String, Object> variables;
  private @Nullable Object[] kept = new Object[0];

  /// @param variables complete: nothing is added later
  Facts(Map<String, Object> variables) {
    this.variables = variables;
  }

  /// The variables as CEL takes them.
  Map<String, Object> variables() {
    return variables;
  }

  /// Something that is looked up or computed at most once.
  ///
  /// @param slots how many there are
  /// @return null where there is no value
  @Nullable Object once(int slot, int slots, Look look) {
    if (kept.length < slots) {
      kept = new Object[slots];
    }
    Object known = kept[slot];
    if (known == null) {
      Object found = look.up(variables);
      known = found == null ? NONE : found;
      kept[slot] = known;
    }
    return known == NONE ? null : known;
  }

  /// How a value is found.
  @FunctionalInterface
  interface Look {
    /// The value, or null where there is none.
    @Nullable Object up(Map<String, Object> variables);
  }
}
