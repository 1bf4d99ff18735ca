package dev.countersign.policy;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The counters and patterns that matter for requests of some types: those that their rules read,
/// and those that take them in.
record HistoryPlan(List<Counter> counters, List<OrderedPattern> patterns) {
  static final HistoryPlan NONE = new HistoryPlan(List.of(), List.of());

  HistoryPlan {
    counters = List.copyOf(counters);
    patterns = List.copyOf(patterns);
  }

  boolean isEmpty() {
    return counters.isEmpty() && patterns.isEmpty();
  }

  /// What matters for one type.
  ///
  /// @param names what rules about the type read
  HistoryPlan about(String type, Set<String> names) {
    return new HistoryPlan(
        counters.stream()
            .filter(counter -> counter.takes(type) || names.contains(counter.name()))
            .toList(),
        patterns.stream()
            .filter(pattern ->
                names.contains(pattern.name())
                    || pattern.steps().stream().anyMatch(step -> step.takes(type)))
            .toList());
  }

  /// What matters for several types.
  static HistoryPlan union(Collection<HistoryPlan> plans) {
    var counters = new LinkedHashSet<Counter>();
    var patterns = new LinkedHashSet<OrderedPattern>();
    for (HistoryPlan plan : plans) {
      counters.addAll(plan.counters);
      patterns.addAll(plan.patterns);
    }
    return new HistoryPlan(List.copyOf(counters), List.copyOf(patterns));
  }

  /// The keys of the histories that a request needs.
  Set<String> scopes(AccessRequest request) {
    var scopes = new TreeSet<String>();
    counters.forEach(counter -> scopes.add(counter.per().key(request)));
    patterns.forEach(pattern -> scopes.add(pattern.per().key(request)));
    return scopes;
  }
}
