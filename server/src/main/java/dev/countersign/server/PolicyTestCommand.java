package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.policy.Policy;
import dev.countersign.policy.PolicyTests;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign policy test`: runs the tests that lie beside a policy.
@Command(
    name = "test",
    mixinStandardHelpOptions = true,
    description = "Runs the tests of a policy: a table in policy.test.yaml beside policy.yaml.",
    footer = {
      "",
      "Exit code 0: all passed. 1: some failed. 2: a file is faulty, or there is no test."
    })
final class PolicyTestCommand implements Callable<Integer> {
  @Mixin private PolicyOption option = new PolicyOption();

  @Parameters(
      arity = "0..*",
      paramLabel = "<file>",
      description = "files of tests; default: <policy>.test.yaml beside the policy file")
  private List<Path> tests = List.of();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    PolicyOption.Files files = option.files();
    Policy policy = files.load();
    int failed = 0;
    int passed = 0;
    for (Path file : tests.isEmpty() ? List.of(beside(files.policy())) : tests) {
      for (PolicyTests.Result result : PolicyTests.run(file, policy)) {
        if (result.isPassed()) {
          passed++;
        } else {
          failed++;
          System.out.println("FAILED  " + result.name() + ": " + result.problem());
        }
      }
    }
    System.out.println(passed + " passed, " + failed + " failed");
    return failed == 0 ? 0 : 1;
  }

  private static Path beside(Path policy) {
    Path file =
        policy.resolveSibling(
            policy.getFileName().toString().replaceFirst("\\.ya?ml$", "") + ".test.yaml");
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(List.of(file + ": there are no tests beside the policy"));
    }
    return file;
  }
}
