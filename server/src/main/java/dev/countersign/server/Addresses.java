package dev.countersign.server;

import dev.countersign.server.config.Installation;
import java.io.PrintStream;

/// Tells where everything can be reached.
final class Addresses {
  private Addresses() {}

  static void print(House house, PrintStream out) {
    Installation installation = house.installation();
    line(out, "token service", installation.sts().issuer());
    installation.broker().ifPresent(broker -> line(out, "broker", broker.baseUri()));
    line(out, "MCP server", installation.gateway().resource());
    line(out, "transmitter", installation.transmitter().issuer());
    house.console().ifPresent(console -> line(out, "console", console.baseUri()));
    house
        .console()
        .ifPresent(
            console -> line(out, "ledger", console.operatorEntrance().reveal() + "  (operator)"));
    house.mailbox().ifPresent(mailbox -> line(out, "mails", mailbox.address()));
  }

  private static void line(PrintStream out, String name, Object address) {
    out.println("  " + name + " ".repeat(Math.max(1, 16 - name.length())) + address);
  }
}
