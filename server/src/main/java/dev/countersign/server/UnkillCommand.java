package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.server.config.Installation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign un-kill`: lets a person in again without a new sign-in.
@Command(
    name = "un-kill",
    mixinStandardHelpOptions = true,
    description = "Lets a person in again whose sessions were ended.",
    footer = {
      "",
      "Sessions that the identity provider ended stay ended; the person signs in there again.",
      "Leases that were revoked stay revoked."
    })
final class UnkillCommand implements Callable<Integer> {
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
      description = "why, for the ledger")
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
    String txn = operator.send(installation, "/v1.0/auth/openings", person, client, reason);
    String who = person.isEmpty() ? client : person;
    System.out.println(who + " is let in again; in the ledger under " + txn + ".");
    return 0;
  }
}
