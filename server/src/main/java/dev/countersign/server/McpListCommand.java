package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.gateway.tools.Mapping;
import dev.countersign.gateway.upstream.Definition;
import dev.countersign.gateway.upstream.Pins;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `countersign mcp list`: one line per tool of every server behind the gateway.
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "One line per tool: server, tool, state, digest, the name agents call it by.",
    footer = {"", "Exit code 0: all mapped tools are approved. 1: some are not."})
final class McpListCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    return PinAccess.with(
        config,
        access -> {
          List<Pins.Pin> pins = access.pins().all();
          boolean allApproved = true;
          for (Pins.Pin pin : pins) {
            Optional<Mapping> mapping =
                access
                    .server(pin.server())
                    .flatMap(server -> Optional.ofNullable(server.mappings().get(pin.tool())));
            allApproved &= mapping.isEmpty() || pin.state() == Pins.State.APPROVED;
            System.out.println(line(pin, mapping));
          }
          System.out.println(pins.size() + " tools");
          return allApproved ? 0 : 1;
        });
  }

  private static String line(Pins.Pin pin, Optional<Mapping> mapping) {
    return String.format(
        Locale.ROOT,
        "%s  %s  %s  %s  %s",
        pin.server(),
        Printable.of(pin.tool()),
        pin.state().name().toLowerCase(Locale.ROOT),
        pin.seen().map(Definition::shortDigest).orElse("-"),
        mapping.map(Mapping::name).orElse("not mapped: denied"));
  }
}
