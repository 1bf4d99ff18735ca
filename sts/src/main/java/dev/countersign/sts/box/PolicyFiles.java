package dev.countersign.sts.box;

import dev.countersign.policy.Policy;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/// Where the policy of an installation comes from.
///
/// @param files that are watched; none for a policy that never changes
/// @param read reads them; throws `ConfigException` if they hold no policy
public record PolicyFiles(List<Path> files, Supplier<Policy> read) {
  public PolicyFiles {
    files = List.copyOf(files);
  }

  /// A policy without files.
  public static PolicyFiles fixed(Policy policy) {
    return new PolicyFiles(List.of(), () -> policy);
  }
}
