package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.gateway.tools.ForeignTools;
import dev.countersign.gateway.tools.Mapping;
import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.upstream.Definition;
import dev.countersign.gateway.upstream.Pins;
import dev.countersign.ledger.LedgerEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign mcp approve`: shows what a tool says of itself and what changed, and approves
/// exactly that.
@Command(
    name = "approve",
    mixinStandardHelpOptions = true,
    description =
        "Shows what changed in a tool's definition; with --digest, approves exactly that.",
    footer = {
      "",
      "The digest is shown without it: what was looked at is what is approved, even if the server"
          + " has changed the tool meanwhile. Exit code 0: approved. 1: shown only, or refused."
    })
final class McpApproveCommand implements Callable<Integer> {
  private static final int SHORTEST_DIGEST = 12;

  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", paramLabel = "<server>", description = "its name in the tools file")
  private String server = "";

  @Parameters(index = "1", paramLabel = "<tool>", description = "the tool's own name there")
  private String tool = "";

  @Option(names = "--digest", paramLabel = "<digest>", description = "what was looked at")
  private @Nullable String digest;

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    return PinAccess.with(config, this::approve);
  }

  private int approve(PinAccess access) {
    Optional<Pins.Pin> pin = access.find(server, tool);
    Optional<Definition> seen = pin.flatMap(Pins.Pin::seen);
    if (seen.isEmpty()) {
      System.out.println("No such tool was seen; a running gateway notes what its servers list.");
      return 1;
    }
    Definition.difference(pin.flatMap(Pins.Pin::approved), seen.get())
        .forEach(line -> System.out.println(Printable.of(line)));
    List<String> objections = objections(access, seen.get());
    if (!objections.isEmpty()) {
      objections.forEach(objection -> System.out.println("cannot be approved: " + objection));
      return 1;
    }
    if (pin.get().state() == Pins.State.APPROVED) {
      System.out.println("It is approved already.");
      return 0;
    }
    String wanted = digest;
    if (wanted == null) {
      System.out.println(
          "To approve this: ./countersign mcp approve "
              + server
              + " "
              + tool
              + " --digest "
              + seen.get().shortDigest());
      return 1;
    }
    if (wanted.length() < SHORTEST_DIGEST || !seen.get().digest().startsWith(wanted)) {
      System.out.println("This is not the digest of what the server lists now; look again.");
      return 1;
    }
    access.record(LedgerEvent.TOOL_APPROVED, server, tool, seen.get().digest());
    boolean done = access.pins().approve(server, tool, seen.get().digest(), PinAccess.operator());
    System.out.println(
        done ? "Approved." : "The server has changed it meanwhile; nothing was approved.");
    return done ? 0 : 1;
  }

  private List<String> objections(PinAccess access, Definition seen) {
    var objections = new ArrayList<>(seen.objections());
    Optional<Server> found = access.server(server);
    @Nullable Mapping mapping = found.map(s -> s.mappings().get(tool)).orElse(null);
    if (mapping == null) {
      objections.add("the tools file does not map it, so nobody could call it");
    } else if (ForeignTools.make(found.get(), tool, mapping, seen.json())
        instanceof ForeignTools.Made.Unusable(List<String> problems)) {
      objections.addAll(problems);
    }
    return objections;
  }
}
