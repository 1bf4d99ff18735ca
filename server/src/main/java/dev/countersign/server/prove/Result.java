package dev.countersign.server.prove;

import java.util.Locale;

/// How an attack, a property or a whole run ended.
public enum Result {
  /// Everything was refused as claimed.
  HELD,
  /// Something went through, or was refused by nobody who should have.
  BROKEN,
  /// It could not be tried here.
  UNTRIED;

  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Of several, the worst: what is broken counts, then what was not tried.
  Result and(Result other) {
    if (this == BROKEN || other == BROKEN) {
      return BROKEN;
    }
    return this == UNTRIED || other == UNTRIED ? UNTRIED : HELD;
  }
}
