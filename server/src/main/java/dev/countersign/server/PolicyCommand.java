package dev.countersign.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `countersign policy`: what one does with a policy besides running it.
@Command(
    name = "policy",
    mixinStandardHelpOptions = true,
    description = "Checks, tests and explains a policy.",
    subcommands = {PolicyCheckCommand.class, PolicyTestCommand.class, PolicyExplainCommand.class})
final class PolicyCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }
}
