package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.server.config.Installation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign kill`: ends everything that agents may do for a person, everywhere.
@Command(
    name = "kill",
    mixinStandardHelpOptions = true,
    description = "Ends a person's sessions everywhere, back to the identity provider.",
    footer = {
      "",
      "Tokens are refused when the command returns. Leases, database sessions and the identity",
      "provider follow: ./countersign kills <txn> shows how far it is.",
      "The person gets in again by a new sign-in, or by ./countersign un-kill."
    })
final class KillCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();
  @Mixin private OperatorCall operator = new OperatorCall();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "<person>",
      description =
          "subject key: the anchor, |, the stable id there; with --client it may be left out")
  private String person = "";

  @Option(
      names = "--reason",
      required = true,
      paramLabel = "<sentence>",
      description = "why, for the event and the ledger")
  private String reason = "";

  @Option(
      names = "--client",
      paramLabel = "<id>",
      description =
          "one client or agent only, for the person or for everybody; the others, and the identity"
              + " provider, go on")
  private String client = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    String txn = operator.send(installation, "/v1.0/auth/kills", person, client, reason);
    if (!client.isEmpty()) {
      String whom = person.isEmpty() ? "anybody" : person;
      System.out.println(client + " gets no token for " + whom + " from now on.");
      System.out.println("The leases that it has open end now; in the ledger under " + txn);
      return 0;
    }
    System.out.println("Tokens of " + person + " are refused from now on.");
    System.out.println("Follow it: ./countersign kills " + txn);
    return 0;
  }
}
