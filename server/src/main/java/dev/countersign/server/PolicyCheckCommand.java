package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.policy.Policy;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `countersign policy check`: reads a policy and says what is in it.
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = "Checks a policy: tells each problem with file, line, column and the fix.",
    footer = {"", "Exit code 0: no problem. 2: problems, one a line."})
final class PolicyCheckCommand implements Callable<Integer> {
  @Mixin private PolicyOption option = new PolicyOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    PolicyOption.Files files = option.files();
    Policy policy = files.load();
    System.out.println(files.policy() + " has no problems:");
    System.out.println("  version " + policy.version());
    System.out.println(
        "  "
            + policy.size()
            + " rules over "
            + policy.types().types().size()
            + " types, "
            + policy.counters().size()
            + " counters and patterns, "
            + policy.ceilings().size()
            + " ceilings");
    Set<String> agents = policy.ceilings();
    if (!agents.isEmpty()) {
      // who they are is not always in the configuration: clients also register themselves
      System.out.println(
          "  ceilings for "
              + String.join(", ", agents)
              + (agents.contains("*") ? "" : ", and none for everybody else"));
    }
    return 0;
  }
}
