package dev.countersign.server;

import dev.countersign.broker.LeaseSelection;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Which leases a command is about: at most one of these.
final class LeaseSelectionOption {
  @Option(names = "--person", paramLabel = "<sub>", description = "all of a person")
  private @Nullable String person;

  @Option(names = "--client", paramLabel = "<client-id>", description = "all that a client minted")
  private @Nullable String client;

  @Option(names = "--jti", paramLabel = "<jti>", description = "all that a token paid for")
  private @Nullable String jti;

  @Option(names = "--prefix", paramLabel = "<text>", description = "all whose id begins so")
  private @Nullable String prefix;

  /// What was chosen; every lease where nothing was.
  LeaseSelection selection() {
    if (person != null) {
      return new LeaseSelection.OfSubject(person);
    }
    if (client != null) {
      return new LeaseSelection.OfClient(client);
    }
    return jti == null
        ? new LeaseSelection.WithPrefix(prefix == null ? "" : prefix, "")
        : new LeaseSelection.OfToken(jti);
  }
}
