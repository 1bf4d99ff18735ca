package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.ApprovalDesk;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `countersign approvals`: what people were asked, and how it went. Nothing here can approve.
@Command(
    name = "approvals",
    mixinStandardHelpOptions = true,
    description = "Shows what people were asked to approve, and withdraws it. Cannot approve.")
final class ApprovalsCommand implements Runnable {
  private static final int MOST = 1000;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the newest approvals first.")
  int list(
      @Mixin ConfigOption config,
      @Option(
              names = "--subject",
              paramLabel = "<anchor|id>",
              defaultValue = "",
              description = "of one person only")
          String subject,
      @Option(
              names = "--limit",
              paramLabel = "<n>",
              defaultValue = "20",
              description = "how many at most (${DEFAULT-VALUE})")
          int limit) {
    return atDesk(
        config,
        desk -> {
          List<Approval> approvals = desk.list(subject, Math.clamp(limit, 1, MOST));
          if (approvals.isEmpty()) {
            System.out.println("Nobody was asked anything.");
            return 1;
          }
          Instant now = InstantSource.system().instant();
          for (Approval approval : approvals) {
            System.out.printf(
                "%s  %-10s  %s  %s  %s%n",
                approval.createdAt(),
                state(approval, now),
                approval.id(),
                approval.person().key(),
                approval.lines().getFirst().sentence());
          }
          return 0;
        });
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description =
          "Shows one approval: the request in words, how it was sent, how it was answered.")
  int show(
      @Mixin ConfigOption config,
      @Parameters(paramLabel = "<id>", description = "the approval's id") String id) {
    return atDesk(
        config,
        desk -> {
          Optional<Approval> found = desk.find(id);
          if (found.isEmpty()) {
            return unknown();
          }
          Approval approval = found.get();
          approval.lines().forEach(line -> System.out.println(line.sentence()));
          print("state", state(approval, InstantSource.system().instant()));
          print("person", approval.person().key());
          if (approval.needsAnother()) {
            print(
                "approvers",
                String.join(
                    " and ", approval.approvers().stream().map(ApprovalsCommand::names).toList()));
          }
          print("client", approval.client() + " (" + approval.agent() + ")");
          print("audience", approval.audience());
          print("jti", approval.jti());
          print("digest", approval.details().digest());
          print("policy", approval.policyVersion());
          print("number", approval.number());
          print("asked", approval.createdAt().toString());
          print("until", approval.expiresAt().toString());
          print("sent", sent(approval));
          print("wrong tries", Integer.toString(approval.tries()));
          print("answered", String.valueOf(approval.answeredAt()));
          print("answered by", String.valueOf(approval.answeredBy()));
          print("used", String.valueOf(approval.consumedAt()));
          return 0;
        });
  }

  @Command(
      name = "withdraw",
      mixinStandardHelpOptions = true,
      description = "Makes an approval void that waits, or that was given but not used yet.")
  int withdraw(
      @Mixin ConfigOption config,
      @Parameters(paramLabel = "<id>", description = "the approval's id") String id) {
    return atDesk(
        config,
        desk -> {
          if (desk.find(id).isEmpty()) {
            return unknown();
          }
          boolean withdrawn = desk.withdraw(id, "an operator withdrew it");
          System.out.println(withdrawn ? "Withdrawn." : "There is nothing to withdraw any more.");
          return withdrawn ? 0 : 1;
        });
  }

  private static int unknown() {
    System.out.println("There is no such approval.");
    return 1;
  }

  private static String sent(Approval approval) {
    if (approval.failure() != null) {
      return approval.failure();
    }
    var channel = approval.channel();
    return channel == null ? "nothing" : channel.code() + " to " + approval.sentTo();
  }

  private static String names(Set<String> marks) {
    return String.join(" or ", new TreeSet<>(marks));
  }

  private static void print(String name, String value) {
    System.out.printf("  %-12s %s%n", name, value.equals("null") ? "-" : value);
  }

  private static String state(Approval approval, Instant now) {
    return approval.state(now).name().toLowerCase(Locale.ROOT);
  }

  private static int atDesk(ConfigOption config, ToIntFunction<ApprovalDesk> work) {
    Logs.configure(Logs.Format.HUMAN);
    InstantSource clock = InstantSource.system();
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database database = Database.open("approvals", state.box(StsBox.NAME), 2);
        var ledger = new PgLedger(StsBox.NAME, database.dataSource(), clock)) {
      return work.applyAsInt(StsBox.approvals(database, ledger, clock));
    }
  }
}
