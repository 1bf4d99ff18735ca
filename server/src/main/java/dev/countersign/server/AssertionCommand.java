package dev.countersign.server;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.PresenterAssertion;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign assertion`: a workload's proof for one call, such as an operator's login at the
/// broker.
@Command(
    name = "assertion",
    mixinStandardHelpOptions = true,
    description =
        "Prints a workload's proof for one call: signed with its key, good once and for a minute.",
    footer = {
      "",
      "An operator logs in at the broker with it:",
      "  vault write auth/jwt/login role=operator jwt=\"$(./countersign assertion …)\"",
      "Its public keys belong to <data>/keys/<workload>.pub.json of the broker: --public-keys writes"
          + " that file."
    })
final class AssertionCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "<workload>", description = "its registered name")
  private String workload = "";

  @Option(
      names = "--key",
      required = true,
      paramLabel = "<file>",
      description = "its private key; made if there is no such file")
  private Path key = Path.of("");

  @Option(
      names = "--audience",
      required = true,
      paramLabel = "<address>",
      description =
          "the called box, exactly as it knows itself, such as https://broker.example:9402")
  private String audience = "";

  @Option(
      names = "--public-keys",
      paramLabel = "<file>",
      description = "write the public keys there, for the called box")
  private @Nullable Path publicKeys;

  @Override
  public Integer call() throws IOException {
    if (!workload.matches("[A-Za-z0-9._-]{1,64}")) {
      throw problem("the workload's name has 1 to 64 letters, digits, `.`, `_` and `-`");
    }
    if (URI.create(audience).getHost() == null) {
      throw problem("--audience must be an address such as https://broker.example:9402");
    }
    ECKey own = KeyFiles.loadOrCreate(key);
    Path shared = publicKeys;
    if (shared != null) {
      Files.writeString(shared, KeyFiles.publicSet(List.of(own)) + "\n");
    }
    System.out.println(
        new PresenterAssertion.Maker(workload, own, InstantSource.system()).assertion(audience));
    return 0;
  }

  private static ConfigException problem(String text) {
    return new ConfigException(List.of(text));
  }
}
