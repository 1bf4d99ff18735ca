package dev.countersign.policy;

import java.util.List;
import java.util.Map;

/// A decision with what it saw of the past, and what it adds to it. Threads may share it.
public final class Evaluation {
  private final Decision decision;
  private final Recall recall;

  Evaluation(Decision decision, Recall recall) {
    this.decision = decision;
    this.recall = recall;
  }

  public Decision decision() {
    return decision;
  }

  /// The counters and patterns that mattered, by name: an integer, a text, true or false.
  public Map<String, Object> before() {
    return recall.before();
  }

  /// The counters with this request in them, by name.
  public Map<String, Object> totals() {
    return recall.totals();
  }

  /// What must be stored, in one step with nothing in between, before anybody hears of the answer.
  ///
  /// @param outcome what the request came to in the end; at least as severe as the decision
  public Changes after(Outcome outcome) {
    return recall.after(outcome);
  }

  /// New values of histories.
  ///
  /// @param states by the keys of [Policy#scopes]; only what changes
  /// @param reserved what can be given back should the grant never be used
  public record Changes(Map<String, ScopeHistory> states, List<Reserved> reserved) {
    public Changes {
      states = Map.copyOf(states);
      reserved = List.copyOf(reserved);
    }
  }
}
