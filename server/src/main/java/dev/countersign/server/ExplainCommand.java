package dev.countersign.server;

import dev.countersign.sts.diagnosis.Code;
import dev.countersign.sts.diagnosis.CodesPage;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign explain`: what a short code means.
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description = "Says what a code such as CSG-0046 means: what happened, why, and the fix.",
    footer = {"", "Exit code 0: known. 1: there is no such code."})
final class ExplainCommand implements Callable<Integer> {
  @Parameters(index = "0", arity = "0..1", paramLabel = "<code>", description = "such as CSG-0046")
  private @Nullable String code;

  @Option(names = "--markdown", description = "print the page of all codes")
  private boolean markdown;

  @Override
  public Integer call() {
    if (markdown) {
      System.out.print(CodesPage.markdown());
      return 0;
    }
    String wanted = code;
    if (wanted == null) {
      for (Code known : Code.values()) {
        System.out.println(known.text() + "  " + known.what());
      }
      return 0;
    }
    Optional<Code> known = Code.find(wanted);
    if (known.isEmpty()) {
      System.err.println(
          "There is no such code; `countersign explain` without one lists them all.");
      return 1;
    }
    System.out.println(CodesPage.explain(known.get()));
    return 0;
  }
}
