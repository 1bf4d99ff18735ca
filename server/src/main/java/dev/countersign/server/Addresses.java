package dev.countersign.server;

import dev.countersign.idp.Person;
import dev.countersign.server.config.DevelopmentSection.Development;
import dev.countersign.server.config.Installation;
import java.io.PrintStream;
import java.util.List;

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

  /// Who may sign in at the identity providers for development, and with what.
  static void printPeople(House house, PrintStream out) {
    Development development = house.installation().development();
    out.println();
    out.println("Open the console and sign in. All of these have the same password:");
    development.entra().ifPresent(idp -> people(idp.people(), "Entra-shaped", out));
    development.okta().ifPresent(idp -> people(idp.people(), "Okta-shaped", out));
    out.println();
    out.println("Codes for approvals arrive on the page of mails. Ctrl-C ends everything.");
  }

  private static void people(List<Person> people, String provider, PrintStream out) {
    for (Person person : people) {
      out.println(
          "  "
              + person.username()
              + "  "
              + person.password().reveal()
              + "  ("
              + provider
              + ", "
              + person.displayName()
              + ")");
    }
  }

  private static void line(PrintStream out, String name, Object address) {
    out.println("  " + name + " ".repeat(Math.max(1, 16 - name.length())) + address);
  }
}
