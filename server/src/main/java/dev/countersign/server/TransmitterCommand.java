package dev.countersign.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `countersign transmitter`: the half that tells others.
@Command(
    name = "transmitter",
    mixinStandardHelpOptions = true,
    description = "The half that tells others: its streams, its dead events, delivery again.",
    subcommands = {TransmitterDeadCommand.class, TransmitterRedeliverCommand.class})
final class TransmitterCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }
}
