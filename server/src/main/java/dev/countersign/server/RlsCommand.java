package dev.countersign.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `countersign rls`: row-level security of business tables.
@Command(
    name = "rls",
    mixinStandardHelpOptions = true,
    description = "Row-level security that holds a business table to the approved request.",
    subcommands = RlsSuggestCommand.class)
final class RlsCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }
}
