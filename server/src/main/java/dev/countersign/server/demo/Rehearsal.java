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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.stream.Stream;

/// The running refunds example with one person signed in, for measurements: a throw-away
/// installation on free ports.
public final class Rehearsal implements AutoCloseable {
  private final Path data;
  private final House house;
  private final McpClient agent;
  private final Secret bearer;

  private Rehearsal(Path data, House house, McpClient agent, Secret bearer) {
    this.data = data;
    this.house = house;
    this.agent = agent;
    this.bearer = bearer;
  }

  /// Starts it and signs Tomas in.
  public static Rehearsal open() {
    try {
      Path data = Files.createTempDirectory("countersign-rehearsal-");
      House house = House.rehearsal(data, InstantSource.system());
      Cast cast = Performance.entra(house);
      Secret bearer =
          new SignIn(cast.issuer(), cast.clientId(), Story.REDIRECT, cast.scope())
              .with(new Browser(), new WireClient(), cast.high().username(), cast.password())
              .accessToken();
      var agent = new McpClient(new HttpTransport(house.installation().gateway().resource()));
      return new Rehearsal(data, house, agent, bearer);
    } catch (IOException failed) {
      throw new UncheckedIOException("no room for a temporary folder", failed);
    }
  }

  /// One guarded call.
  public CallOutcome listCases() {
    return agent.callTool(bearer, "list_cases", StrictJson.object());
  }

  /// The business database's superuser, for the unguarded comparison.
  public DatabaseSettings superuser() {
    return house.embeddedSuperuser().database("refunds");
  }

  @Override
  public void close() {
    house.close();
    EmbeddedPostgres.delete(data); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException left) {
      System.err.println("could not delete " + data);
    }
  }
}
