package dev.countersign.policy;

import java.util.HashMap;
import java.util.Map;

/// Numbers what the conditions of one policy about one type read alike, so that a decision looks
/// each of it up once. Filled while a policy loads; afterwards threads may share it.
final class Slots {
  private final Map<Object, Integer> numbers = new HashMap<>();

  /// The number of something; the same for what is equal.
  int number(Object key) {
    return numbers.computeIfAbsent(key, _ -> numbers.size());
  }

  int size() {
    return numbers.size();
  }
}
