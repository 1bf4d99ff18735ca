package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.config.Installation;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.node.ObjectNode;

/// `countersign templates`: the pins with which an agent that exchanges by itself starts.
@Command(
    name = "templates",
    mixinStandardHelpOptions = true,
    description =
        "Prints the file of pinned templates for agents that exchange by themselves (Pattern B): the"
            + " digest of what a call of each tool asks for.",
    footer = {
      "",
      "Read the tools of the configuration before you hand the file out: an agent refuses a template"
          + " with another digest, whatever its server publishes."
    })
final class TemplatesCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    ObjectNode file = StrictJson.object();
    ObjectNode tools = file.putObject("tools");
    for (Tool tool : Installation.read(config.file(), config.variables()).tools().all()) {
      String digest =
          tool.definition().path("_meta").path("dev.countersign/rar").path("digest").stringValue();
      tools.putObject(tool.name()).put("digest", digest);
    }
    System.out.println(file.toPrettyString());
    return 0;
  }
}
