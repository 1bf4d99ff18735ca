package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.server.config.Installation;
import dev.countersign.server.demo.DevelopmentSignIn;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `countersign sign-in`: a token for an example agent, of a person who exists for development
/// only.
@Command(
    name = "sign-in",
    mixinStandardHelpOptions = true,
    description =
        "Signs a person of the development identity providers in and prints their token, for an"
            + " example agent. The installation must be running.",
    footer = {
      "",
      "COUNTERSIGN_BEARER=$(./countersign sign-in maya@contoso.example)"
          + " python examples/agents/strands-te/agent.py"
    })
final class SignInCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(
      index = "0",
      paramLabel = "<person>",
      description = "maya@ or tomas@contoso.example, lena@ or omar@fabrikam.example")
  private String person = "";

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    if (installation.development().entra().isEmpty()
        || installation.development().okta().isEmpty()) {
      throw new ConfigException(
          List.of(
              "`development.entra` and `development.okta` are needed: nobody else is signed in"
                  + " here"));
    }
    System.out.println(
        DevelopmentSignIn.bearer(installation, person)
            .orElseThrow(() -> new ConfigException(List.of("there is no such person")))
            .reveal());
    return 0;
  }
}
