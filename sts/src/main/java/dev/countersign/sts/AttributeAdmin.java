package dev.countersign.sts;

import dev.countersign.protocol.KeySource;
import java.util.Set;

/// A workload that may read and write attributes of people, such as a directory's export.
///
/// @param keys its public keys
/// @param names the attributes that it may write; it may read all
public record AttributeAdmin(KeySource keys, Set<String> names) {
  /// @throws IllegalArgumentException if it may write nothing, or a name is none
  public AttributeAdmin {
    names = Set.copyOf(names);
    if (names.isEmpty()) {
      throw new IllegalArgumentException("names must list the attributes that it may write");
    }
    if (!names.stream().allMatch(name -> AttributeStore.NAME.matcher(name).matches())) {
      throw new IllegalArgumentException("an attribute is named with a-z, 0-9 and _");
    }
  }
}
