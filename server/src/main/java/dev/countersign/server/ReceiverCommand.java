package dev.countersign.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `countersign receiver`: the half that ends sessions.
@Command(
    name = "receiver",
    mixinStandardHelpOptions = true,
    description = "The half that ends sessions: test a handler, see and retry what was given up.",
    subcommands = {
      ReceiverTestCommand.class,
      ReceiverDeadCommand.class,
      ReceiverRetryCommand.class
    })
final class ReceiverCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }
}
