package dev.countersign.console;

import java.util.LinkedHashSet;
import java.util.Set;

/// The calls that a person made here, by the ids under which the ledger tells them: only these may
/// they look at. Threads may share it.
public final class Traces {
  private static final int KEPT = 2_000;

  private final Set<String> ids = new LinkedHashSet<>();

  /// Notes a call of the person.
  public synchronized void add(String jti) {
    ids.remove(jti);
    ids.add(jti);
    if (ids.size() > KEPT) {
      ids.remove(ids.iterator().next());
    }
  }

  /// Whether the person made this call.
  public synchronized boolean has(String jti) {
    return ids.contains(jti);
  }
}
