package dev.countersign.server;

import dev.countersign.config.ConfigException;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.server.config.Installation;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options that say which policy a command is about: that of an installation, or two files.
final class PolicyOption {
  @Mixin private ConfigOption config = new ConfigOption();

  @Option(
      names = "--policy",
      paramLabel = "<file>",
      description = "a policy file; default: the one of the configuration")
  private @Nullable Path policy;

  @Option(
      names = "--types",
      paramLabel = "<file>",
      description = "its types file; default: types.yaml beside the policy file")
  private @Nullable Path types;

  /// The policy file and the types file.
  record Files(Path policy, Path types) {
    Policy load() {
      return Policy.load(policy, TypeRegistry.load(types));
    }
  }

  /// Which files are meant.
  Files files() {
    Path named = policy;
    if (named == null) {
      if (types != null) {
        throw new ConfigException(List.of("--types needs --policy"));
      }
      Installation installation = Installation.read(config.file(), config.variables());
      return new Files(installation.policyFiles().getFirst(), installation.policyFiles().getLast());
    }
    return new Files(named, types == null ? named.resolveSibling("types.yaml") : types);
  }
}
