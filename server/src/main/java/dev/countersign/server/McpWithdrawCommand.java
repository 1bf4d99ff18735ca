package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.ledger.LedgerEvent;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign mcp withdraw`: takes an approval back.
@Command(
    name = "withdraw",
    mixinStandardHelpOptions = true,
    description = "Takes an approval back; every gateway knows within seconds.",
    footer = {"", "Exit code 0: withdrawn. 1: it was not approved."})
final class McpWithdrawCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", paramLabel = "<server>", description = "its name in the tools file")
  private String server = "";

  @Parameters(index = "1", paramLabel = "<tool>", description = "the tool's own name there")
  private String tool = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    return PinAccess.with(
        config,
        access -> {
          boolean done = access.pins().withdraw(server, tool);
          if (done) {
            access.record(LedgerEvent.TOOL_WITHDRAWN, server, tool, "");
          }
          System.out.println(done ? "Withdrawn." : "It was not approved.");
          return done ? 0 : 1;
        });
  }
}
