package dev.countersign.box;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;

/// What a box needs to be able to answer. Threads may share it.
public final class Health {
  private final CopyOnWriteArrayList<Check> checks = new CopyOnWriteArrayList<>();

  /// Adds one thing that must be up for the box to be ready.
  ///
  /// @param isUp quick, and bounded in time; an exception counts as down
  public void check(String name, BooleanSupplier isUp) {
    checks.add(new Check(name, isUp));
  }

  /// Each check's name with whether it is up now, in the order of adding.
  Map<String, Boolean> look() {
    var states = new LinkedHashMap<String, Boolean>();
    checks.forEach(check -> states.put(check.name, check.passes()));
    return states;
  }

  private record Check(String name, BooleanSupplier isUp) {
    boolean passes() {
      try {
        return isUp.getAsBoolean();
      } catch (RuntimeException broken) {
        return false;
      }
    }
  }
}
