package dev.countersign.sts;

import dev.countersign.policy.Attribute;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a decision needs to know, read in one go and at one moment.
public interface FactStore {

  /// Reads what is known.
  ///
  /// @param subject the person's key
  /// @param attributes names of attributes
  /// @param scopes keys of histories
  /// @param things keys of things that are looked up
  Facts read(String subject, Set<String> attributes, Set<String> scopes, Set<String> things);

  /// What is known about one person.
  ///
  /// @param closedAt when the person's sessions were last ended, or null
  /// @param attributes the attribute store's, by name
  /// @param histories by key; those that are missing are empty
  /// @param things facts about things, by key and name
  record Facts(
      @Nullable Instant closedAt,
      Map<String, Attribute> attributes,
      Map<String, HistoryStore.Kept> histories,
      Map<String, Map<String, Attribute>> things) {
    public Facts {
      attributes = Map.copyOf(attributes);
      histories = Map.copyOf(histories);
      things = Map.copyOf(things);
    }
  }
}
