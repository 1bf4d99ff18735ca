package dev.countersign.sts.box;

import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/// Where the policy of an installation comes from.
///
/// @param files that are watched; none for a policy that never changes
/// @param named the files that those name now; watched too
/// @param read reads them; throws `ConfigException` if they hold no policy
public record PolicyFiles(List<Path> files, Supplier<List<Path>> named, Supplier<Policy> read) {
  public PolicyFiles {
    files = List.copyOf(files);
  }

  /// A policy file and a types file, with the schemas that it names.
  public static PolicyFiles of(Path policy, Path types) {
    return new PolicyFiles(
        List.of(policy, types),
        () -> TypeRegistry.schemaFiles(types),
        () -> Policy.load(policy, TypeRegistry.load(types)));
  }

  /// A policy without files.
  public static PolicyFiles fixed(Policy policy) {
    return new PolicyFiles(List.of(), List::of, () -> policy);
  }
}
