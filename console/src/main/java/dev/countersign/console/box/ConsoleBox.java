package dev.countersign.console.box;

import dev.countersign.agent.ClientProof;
import dev.countersign.agent.GuardedClient;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.Templates;
import dev.countersign.agent.http.HttpTokenExchange;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Metrics;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.console.Pattern;
import dev.countersign.console.chat.Model;
import dev.countersign.console.chat.ToolCaller;
import dev.countersign.console.http.OperatorRoutes;
import dev.countersign.console.http.PersonRoutes;
import dev.countersign.console.openai.OpenAiModel;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
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
    var person =
        new PersonRoutes(
            config, gateway, model, callers(config, gateway, clock), ledger, operator, clock);
    var server =
        BoxServer.start(
            BoxServer.Settings.of("console", config.listener(), new Health(), new Metrics()),
            routing -> {
              person.install(routing);
              operator.install(routing);
              person.installLast(routing);
            });
    return new ConsoleBox(server, operator);
  }

  private static Map<Pattern, ToolCaller> callers(
      ConsoleConfig config, McpClient gateway, InstantSource clock) {
    var callers = new EnumMap<Pattern, ToolCaller>(Pattern.class);
    callers.put(Pattern.TE, ToolCaller.by(GuardedClient.forwarding(gateway)));
    config
        .exchange()
        .ifPresent(exchange -> {
          var proof = ClientProof.key(exchange.client(), exchange.key(), exchange.issuer(), clock);
          var tokens = new HttpTokenExchange(exchange.issuer(), config.gateway(), proof);
          callers.put(
              Pattern.VALIDATE,
              ToolCaller.by(
                  GuardedClient.exchanging(gateway, tokens, Templates.trustingTheServer())));
        });
    return callers;
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
