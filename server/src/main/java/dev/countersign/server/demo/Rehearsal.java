package dev.countersign.server.demo;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.House;
import dev.countersign.server.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The running refunds example with one person signed in, for measurements: a throw-away
/// installation on free ports.
public final class Rehearsal implements AutoCloseable {
  private static final String BEHIND = "behind";
  private static final int LOOKS = 300;
  private static final Pattern DIGEST = Pattern.compile("--digest (\\S+)");
  private static final String NO_LIMIT =
      "  exchanges-per-token: {per-minute: 1000000, in-all: 10000000}";
  private static final String SERVER =
      """

      servers:
        %s:
          url: %s
          credential: {kind: none}
          tools:
            %s:
              rar:
                - type: urn:smt:agent:case
                  operationDetails: {action: list_cases}
              scope: case:read
              readOnly: true
      """;

  private final Path folder;
  private final House house;
  private final McpClient agent;
  private final Secret bearer;

  private Rehearsal(Path folder, House house, McpClient agent, Secret bearer) {
    this.folder = folder;
    this.house = house;
    this.agent = agent;
    this.bearer = bearer;
  }

  /// Starts it and signs Tomas in.
  public static Rehearsal open() {
    try {
      Path folder = Files.createTempDirectory("countersign-rehearsal-");
      return signedIn(folder, House.rehearsal(folder.resolve("data"), InstantSource.system()));
    } catch (IOException failed) {
      throw new UncheckedIOException("no room for a temporary folder", failed);
    }
  }

  private static Rehearsal signedIn(Path folder, House house) {
    Cast cast = Performance.entra(house);
    Secret bearer =
        new SignIn(cast.issuer(), cast.clientId(), Story.REDIRECT, cast.scope())
            .with(new Browser(), new WireClient(), cast.high().username(), cast.password())
            .accessToken();
    var agent = new McpClient(new HttpTransport(house.installation().gateway().resource()));
    return new Rehearsal(folder, house, agent, bearer);
  }

  /// The same with a server behind the gateway, whose one tool is mapped and approved.
  ///
  /// @param server its endpoint
  /// @param tool takes no arguments
  public static Rehearsal inFrontOf(URI server, String tool) {
    try {
      Path folder = Files.createTempDirectory("countersign-rehearsal-");
      Path config = House.copyOfTheExample(folder.resolve("installation"));
      Path tools = config.resolveSibling("tools.yaml");
      Files.writeString(tools, Files.readString(tools) + SERVER.formatted(BEHIND, server, tool));
      Files.writeString(
          config,
          Files.readString(config)
              .replace("${MCP_AUTH_MODE:both}", "te")
              .replaceFirst("(?m)^sts:$", "sts:\n" + NO_LIMIT));
      Path data = folder.resolve("data");
      var rehearsal =
          signedIn(folder, House.rehearsal(config, data, InstantSource.system(), Map.of()));
      approve(config, data, tool);
      return rehearsal;
    } catch (IOException failed) {
      throw new UncheckedIOException("no room for a temporary folder", failed);
    }
  }

  /// As an operator does: look, and approve what was looked at.
  private static void approve(Path config, Path data, String tool) {
    var look =
        List.of(
            "mcp",
            "approve",
            BEHIND,
            tool,
            "--config",
            config.toString(),
            "--data",
            data.toString());
    String shown = "";
    for (int i = 0; i < LOOKS; i++) {
      shown = command(look);
      Matcher digest = DIGEST.matcher(shown);
      if (digest.find()) {
        var approve = new ArrayList<>(look);
        approve.addAll(List.of("--digest", digest.group(1)));
        shown = command(approve);
        if (shown.contains("Approved.")) {
          return;
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
    throw new IllegalStateException("the tool was not approved: " + shown);
  }

  private static String command(List<String> words) {
    var screen = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(screen, true, StandardCharsets.UTF_8));
    try {
      Main.run(words.toArray(String[]::new));
    } finally {
      System.setOut(before);
    }
    return screen.toString(StandardCharsets.UTF_8);
  }

  /// One guarded call.
  public CallOutcome listCases() {
    return agent.callTool(bearer, "list_cases", StrictJson.object());
  }

  /// The gateway's MCP endpoint.
  public URI gateway() {
    return house.installation().gateway().resource();
  }

  /// The name by which agents call the tool of the server behind the gateway.
  public static String forwarded(String tool) {
    return BEHIND + "__" + tool;
  }

  /// The person's token.
  public Secret bearer() {
    return bearer;
  }

  /// The business database's superuser, for the unguarded comparison.
  public DatabaseSettings superuser() {
    return house.embeddedSuperuser().database("refunds");
  }

  @Override
  public void close() {
    house.close();
    EmbeddedPostgres.delete(folder.resolve("data")); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException left) {
      System.err.println("could not delete " + folder);
    }
  }
}
