package dev.countersign.server;

import dev.countersign.sts.diagnosis.Code;
import dev.countersign.sts.diagnosis.CodesPage;
import dev.countersign.sts.diagnosis.Errors;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign explain`: what a short code means.
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description =
        "Says what a code means, ours such as CSG-0046 or one of Entra, Okta, Verify or Vault: what"
            + " happened, why, and the fix.",
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
    List<Code> known = Code.find(wanted).map(List::of).orElseGet(() -> Errors.in(wanted));
    if (known.isEmpty()) {
      System.err.println(
          "There is no such code; `countersign explain` without one lists them all.");
      return 1;
    }
    known.forEach(one -> System.out.println(CodesPage.explain(one)));
    return 0;
  }
}
