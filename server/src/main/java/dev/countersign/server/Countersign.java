package dev.countersign.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The command line's root: shows what there is.
@Command(
    name = "countersign",
    mixinStandardHelpOptions = true,
    version = "Countersign " + Countersign.VERSION,
    description = "Decides, signs and ends every single tool call of an AI agent.",
    subcommands = {
      DemoCommand.class,
      ServeCommand.class,
      CheckCommand.class,
      TraceCommand.class,
      LedgerCommand.class,
      ProveCommand.class,
      DoctorCommand.class,
      ExplainCommand.class,
      ClientCommand.class,
      KeysCommand.class,
      PolicyCommand.class,
      InitDbCommand.class,
      AttributesCommand.class,
      ApprovalsCommand.class,
      LeasesCommand.class,
      McpCommand.class,
      RlsCommand.class,
      AssertionCommand.class,
      KillCommand.class,
      UnkillCommand.class,
      KillsCommand.class,
      DrillCommand.class,
      ReceiverCommand.class,
      TransmitterCommand.class,
      TemplatesCommand.class,
      SignInCommand.class,
      RehearsalModelCommand.class,
      HelpCommand.class
    })
final class Countersign implements Runnable {
  /// The program's version.
  static final String VERSION = "0.1.0";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }
}
