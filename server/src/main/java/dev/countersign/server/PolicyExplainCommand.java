package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.policy.Policy;
import dev.countersign.policy.Recorded;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.box.StsBox;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign policy explain`: why one request was decided as it was, and the smallest change
/// that would pass.
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description = "Tells why one request was decided as it was, and what would have passed.",
    footer = {
      "",
      "Takes the decision again from the ledger, by the policy that was in force then.",
      "Exit code 0: explained. 1: nothing was decided under this jti."
    })
final class PolicyExplainCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", paramLabel = "<jti>", description = "the request's id")
  private String jti = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("explain", state.auditor(), 1)) {
      int explained = 0;
      for (LedgerRecord entry : new PgLedgerReader(auditor.dataSource()).trace(jti)) {
        if (entry.data().has("inputs")) {
          explain(auditor, entry);
          explained++;
        }
      }
      if (explained == 0) {
        System.out.println("Nothing was decided under this jti.");
        return 1;
      }
      return 0;
    }
  }

  private static void explain(Database auditor, LedgerRecord entry) {
    try {
      Recorded recorded = Recorded.of(entry.subject(), entry.data());
      Optional<String> document = StsBox.policyDocument(auditor, recorded.policyVersion());
      if (document.isEmpty()) {
        throw new ConfigException(
            List.of("the policy " + recorded.policyVersion() + " was not kept"));
      }
      Policy policy = Policy.parse("policy " + recorded.policyVersion(), document.get());
      System.out.print(Explanation.of(entry, recorded, policy));
    } catch (MalformedJsonException foreign) {
      throw new ConfigException(List.of(String.valueOf(foreign.getMessage())));
    }
  }
}
