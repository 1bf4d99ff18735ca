package dev.countersign.policy;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What happened before a request, as far as its policy wants to know.
///
/// @param stage where the request stands
/// @param scopes by the keys of [Policy#scopes]; a key that is missing cannot be decided on
/// @param values values of counters and patterns that are given instead: for tests of a policy and
///   for asking what a recorded decision would have been
public record History(Stage stage, Map<String, ScopeHistory> scopes, Map<String, Given> values) {
  public History {
    scopes = Map.copyOf(scopes);
    values = Map.copyOf(values);
  }

  /// What is stored.
  public static History of(Stage stage, Map<String, ScopeHistory> scopes) {
    return new History(stage, scopes, Map.of());
  }

  /// Values by name of counter or pattern.
  public static History given(Stage stage, Map<String, Given> values) {
    return new History(stage, Map.of(), values);
  }

  /// The value of a counter or pattern.
  ///
  /// @param before what it was before the request: an integer, a text, true or false; null if there
  ///   was none
  /// @param total what it came to with the request; null if that is to be computed
  public record Given(@Nullable Object before, @Nullable Long total) {}

  ScopeHistory scope(String key) {
    @Nullable ScopeHistory scope = scopes.get(key);
    if (scope == null && values.isEmpty()) {
      throw new IllegalStateException("the history of a scope was not read");
    }
    return scope == null ? ScopeHistory.EMPTY : scope;
  }

  Optional<Given> value(String name) {
    return Optional.ofNullable(values.get(name));
  }
}
