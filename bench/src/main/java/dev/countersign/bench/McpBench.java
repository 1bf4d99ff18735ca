package dev.countersign.bench;

import dev.countersign.agent.CallOutcome;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.demo.Rehearsal;
import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/// What guarding a call costs. First `list_cases` through gateway, exchange, mint, connect,
/// statement and revoke, interleaved with the same statement by a role that was just made, and on a
/// connection that stays open. Then a tool of a server behind the gateway, interleaved with the
/// server alone, at one rate over many connections.
final class McpBench {
  private static final int WARM_UP = 1_000;
  private static final int CONNECTIONS = 32;
  private static final double RATE = 100;
  private static final int PORTIONS = 6;
  private static final List<String> HOPS =
      List.of("exchange", "mint", "connect", "statement", "revoke");
  private static final String STATEMENT =
      "SELECT case_id, customer, product, currency, paid, refunded, status"
          + " FROM refunds.cases ORDER BY opened_at DESC, case_id LIMIT 20";

  private final int rounds;
  private final int forwarded;
  private final int flat;

  /// @param rounds guarded calls
  /// @param forwarded calls of a server behind the gateway
  /// @param flat further ones between two looks at the memory in use; 0 for none
  McpBench(int rounds, int forwarded, int flat) {
    this.rounds = rounds;
    this.forwarded = forwarded;
    this.flat = flat;
  }

  Report run() throws SQLException, IOException {
    var figures = new ArrayList<Figure>();
    try (var server = new BareMcpServer();
        var rehearsal = Rehearsal.inFrontOf(server.endpoint(), BareMcpServer.TOOL)) {
      guarded(rehearsal, figures);
      forwarded(rehearsal, server, figures);
    }
    return new Report("mcp", figures);
  }

  private void guarded(Rehearsal rehearsal, List<Figure> figures) throws SQLException {
    DatabaseSettings owner = rehearsal.superuser();
    var wire = new WireClient();
    var guarded = new double[rounds];
    var fresh = new double[rounds];
    var pooled = new double[rounds];
    var before = new TreeMap<String, Hop>();
    try (Connection open = connect(owner, owner.user(), owner.password())) {
      for (int i = -WARM_UP; i < rounds; i++) {
        if (i == 0) {
          HOPS.forEach(hop -> before.put(hop, Hop.read(wire, rehearsal.gateway(), hop)));
        }
        int at = Math.max(i, 0);
        guarded[at] = call(rehearsal);
        fresh[at] = newRole(owner, open);
        pooled[at] = statement(open);
      }
    }
    var ours = new Percentiles(guarded);
    var roles = new Percentiles(fresh);
    figures.addAll(ours.figures("guarded call"));
    for (String hop : HOPS) {
      Hop now = Hop.read(wire, rehearsal.gateway(), hop);
      figures.add(
          Figure.of(
              "  of it " + hop + ", mean",
              now.millisSince(Objects.requireNonNull(before.get(hop))),
              "ms"));
    }
    figures.addAll(roles.figures("new role: connect, run, disconnect"));
    figures.add(
        Figure.of("guarded call over new role, p50", ours.at(0.5) / roles.at(0.5), "times", 1.5));
    figures.addAll(new Percentiles(pooled).figures("same statement, pooled connection"));
  }

  private static double call(Rehearsal rehearsal) {
    long begin = System.nanoTime();
    CallOutcome outcome = rehearsal.listCases();
    double millis = (System.nanoTime() - begin) / 1e6;
    if (!(outcome instanceof CallOutcome.Done)) {
      throw new IllegalStateException("the call was not permitted: " + outcome);
    }
    return millis;
  }

  /// With a role that nobody has used before; making and dropping it is not counted.
  private static double newRole(DatabaseSettings owner, Connection open) throws SQLException {
    String role = "bench_" + Ids.random().replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
    var password = new Secret(Ids.random());
    try (Statement admin = open.createStatement()) {
      admin.execute(
          "CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE refunds_read"
              .formatted(role, password.reveal()));
      try {
        long begin = System.nanoTime();
        try (Connection connection = connect(owner, role, password)) {
          statement(connection);
        }
        return (System.nanoTime() - begin) / 1e6;
      } finally {
        admin.execute("DROP ROLE " + role);
      }
    }
  }

  private static Connection connect(DatabaseSettings at, String user, Secret password)
      throws SQLException {
    return DriverManager.getConnection(at.url(), user, password.reveal());
  }

  private static double statement(Connection connection) throws SQLException {
    long begin = System.nanoTime();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(STATEMENT)) {
      while (rows.next()) {
        rows.getString(1);
      }
    }
    return (System.nanoTime() - begin) / 1e6;
  }

  private void forwarded(Rehearsal rehearsal, BareMcpServer server, List<Figure> figures)
      throws IOException {
    URI gateway = rehearsal.gateway();
    byte[] through =
        request(gateway, Rehearsal.forwarded(BareMcpServer.TOOL), rehearsal.bearer().reveal());
    byte[] direct = request(server.endpoint(), BareMcpServer.TOOL, "none");
    var ours = new HttpLoad(gateway, CONNECTIONS);
    var alone = new HttpLoad(server.endpoint(), CONNECTIONS);
    ours.atRate(Collections.nCopies(WARM_UP, through), RATE);
    alone.atRate(Collections.nCopies(WARM_UP, direct), RATE);
    var wire = new WireClient();
    Hop exchange = Hop.read(wire, rehearsal.gateway(), "exchange");
    var guarded = new ArrayList<Double>();
    var bare = new ArrayList<Double>();
    for (int i = 0; i < PORTIONS; i++) {
      int portion = Math.max(1, forwarded / PORTIONS);
      guarded.addAll(ours.atRate(Collections.nCopies(portion, through), RATE).sortedMillis());
      bare.addAll(alone.atRate(Collections.nCopies(portion, direct), RATE).sortedMillis());
    }
    double exchanging = Hop.read(wire, rehearsal.gateway(), "exchange").millisSince(exchange);
    var with = new Percentiles(guarded.stream().mapToDouble(each -> each).toArray());
    var without = new Percentiles(bare.stream().mapToDouble(each -> each).toArray());
    figures.addAll(with.figures("forwarded call, 32 connections"));
    figures.addAll(without.figures("the server alone"));
    figures.add(Figure.of("  of the difference: exchange, mean", exchanging, "ms"));
    figures.add(
        Figure.of(
            "gateway without exchange, p50", with.at(0.5) - without.at(0.5) - exchanging, "ms", 1));
    figures.add(
        Figure.of(
            "gateway without exchange, p99",
            with.at(0.99) - without.at(0.99) - exchanging,
            "ms",
            5));
    if (flat > 0) {
      double first = usedMegabytes();
      ours.flatOut(Collections.nCopies(flat, through));
      figures.add(Figure.of("memory in use, before", first, "MB"));
      figures.add(Figure.of("memory in use, after " + flat + " calls", usedMegabytes(), "MB"));
    }
  }

  private static double usedMegabytes() {
    System.gc();
    var runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) / 1e6;
  }

  private static byte[] request(URI endpoint, String tool, String bearer) {
    ObjectNode message = StrictJson.object().put("jsonrpc", "2.0").put("id", 1);
    message.put("method", "tools/call");
    ObjectNode params = message.putObject("params").put("name", tool);
    params.putObject("arguments");
    params
        .putObject("_meta")
        .put("io.modelcontextprotocol/protocolVersion", "2026-07-28")
        .putObject("io.modelcontextprotocol/clientCapabilities");
    params
        .withObject("_meta")
        .putObject("io.modelcontextprotocol/clientInfo")
        .put("name", "bench")
        .put("version", "1");
    var headers = new TreeMap<String, String>();
    headers.put("Authorization", "Bearer " + bearer);
    headers.put("Accept", "application/json, text/event-stream");
    headers.put("MCP-Protocol-Version", "2026-07-28");
    headers.put("Mcp-Method", "tools/call");
    headers.put("Mcp-Name", tool);
    return RawConnection.post(endpoint, "application/json", headers, StrictJson.write(message));
  }
}
