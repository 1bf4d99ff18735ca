package dev.countersign.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `countersign mcp`: which tools of servers behind the gateway are approved.
@Command(
    name = "mcp",
    mixinStandardHelpOptions = true,
    description = "Tools of the MCP servers behind the gateway: list, approve, withdraw.",
    subcommands = {McpListCommand.class, McpApproveCommand.class, McpWithdrawCommand.class},
    footer = {
      "",
      "A running gateway looks at its servers and notes what they list. A tool that is new or has"
          + " changed is neither listed nor called until it is approved here."
    })
final class McpCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }
}
