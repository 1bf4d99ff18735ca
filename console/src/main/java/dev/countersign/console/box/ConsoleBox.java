package dev.countersign.console.box;

import dev.countersign.agent.McpClient;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.chat.Model;
import dev.countersign.console.http.OperatorRoutes;
import dev.countersign.console.http.PersonRoutes;
import dev.countersign.console.openai.OpenAiModel;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/// A running console.
public final class ConsoleBox implements AutoCloseable {
  private static final Duration LONGEST_CALL = Duration.ofSeconds(60);

  private final BoxServer server;
  private final OperatorRoutes operator;

  private ConsoleBox(BoxServer server, OperatorRoutes operator) {
    this.server = server;
    this.operator = operator;
  }

  /// Starts listening.
  ///
  /// @param ledger read as the auditor
  public static ConsoleBox start(ConsoleConfig config, LedgerReader ledger, InstantSource clock) {
    var operator = new OperatorRoutes(config, ledger);
    var gateway = new McpClient(new HttpTransport(config.gateway(), LONGEST_CALL));
    Optional<Model> model = config.model().map(OpenAiModel::new);
    var person = new PersonRoutes(config, gateway, model, ledger, operator, clock);
    var server =
        BoxServer.start(
            BoxServer.Settings.of("console", config.listener(), new Health(), new Metrics()),
            routing -> {
              person.install(routing);
              operator.install(routing);
            });
    return new ConsoleBox(server, operator);
  }

  /// `http://host:port`, without path.
  public URI baseUri() {
    return server.baseUri();
  }

  /// The operator's address, with the key of this run: to be printed at the start on the operator's
  /// terminal and nowhere else.
  public Secret operatorEntrance() {
    return operator.entrance();
  }

  @Override
  public void close() {
    server.close();
  }
}
