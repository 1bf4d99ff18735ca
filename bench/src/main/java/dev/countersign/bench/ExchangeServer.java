package dev.countersign.bench;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Logs;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.ledger.Ledger;
import dev.countersign.server.House;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/// The process that is measured: a whole installation as `countersign serve` runs it, with a state
/// database that already holds people and past grants.
final class ExchangeServer {
  /// Parameters: 1 first number, 2 last number.
  private static final String PEOPLE =
      """
      INSERT INTO sts.attribute (subject, name, value, source, at)
      SELECT 'bench|p' || n, 'refund_limit', '50000'::jsonb, 'bench', now()
        FROM generate_series(?::bigint, ?::bigint) AS n
      """;

  /// Parameters: 1 people, 2 first number, 3 last number.
  private static final String GRANTS =
      """
      INSERT INTO ledger.entry (writer, seq, at, box, event, jti, person, data, sealed, hash)
      SELECT 'past/bench',
             n,
             now() - interval '30 days' + n * interval '500 milliseconds',
             'sts',
             'exchange-permitted',
             md5('jti' || n),
             'p_' || lpad((n % ?::bigint)::text, 20, '0'),
             jsonb_build_object(
               'client_id', 'client-0', 'scope', 'refund:write', 'outcome', 'permit',
               'digest', md5('digest' || n), 'policy_version', md5('policy'),
               'authorization_details', jsonb_build_array(jsonb_build_object(
                 'type', 'urn:smt:agent:refund', 'operationDetails', jsonb_build_object(
                   'action', 'process_refund',
                   'instructedAmount', jsonb_build_object('currency', 'USD', 'amount', n % 5000),
                   'creditorAccount', jsonb_build_object('identification', 'R-884-' || n))))),
             ''::bytea,
             sha256(n::text::bytea)
        FROM generate_series(?::bigint, ?::bigint) AS n
      """;

  /// Parameters: 1 registration, 2 first number, 3 last number.
  private static final String CLIENTS =
      """
      INSERT INTO sts.client (client_id, registration, version, changed_at)
      SELECT 'client-' || n, ?::jsonb, n + 1, now()
        FROM generate_series(?::bigint, ?::bigint) AS n
      """;

  /// In place of a variable: the boxes write their entries nowhere.
  static final String NO_LEDGER = "--no-ledger";

  private static final long PORTION = 250_000;

  private ExchangeServer() {}

  /// Fills, serves, and ends with the process that started it.
  ///
  /// @param arguments configuration, people, past grants, clients, the file with the registration
  ///   of each client, then `NAME=value` for the variables of the configuration, and [#NO_LEDGER]
  public static void main(String[] arguments) throws Exception {
    Logs.configure(Logs.Format.HUMAN);
    var variables = new HashMap<String, String>();
    UnaryOperator<Ledger> seen = UnaryOperator.identity();
    for (int i = 5; i < arguments.length; i++) {
      if (arguments[i].equals(NO_LEDGER)) {
        seen = _ -> _ -> {};
      } else {
        String[] pair = arguments[i].split("=", 2);
        variables.put(pair[0], pair[1]);
      }
    }
    House house =
        House.open(
            Path.of(arguments[0]),
            Map.copyOf(variables),
            InstantSource.system(),
            System.err::println,
            seen);
    fill(
        house.embeddedSuperuser().database(StateDatabase.NAME),
        Long.parseLong(arguments[1]),
        Long.parseLong(arguments[2]),
        Long.parseLong(arguments[3]),
        Files.readString(Path.of(arguments[4])));
    ChildProcess.serveUntilParentIsGone(house.installation().sts().issuer(), house);
  }

  private static void fill(
      DatabaseSettings database, long people, long grants, long clients, String registration)
      throws SQLException {
    try (Connection connection = Database.connect(database)) {
      long begin = System.nanoTime();
      for (long from = 0; from < people; from += PORTION) {
        insert(connection, PEOPLE, from, Math.min(people, from + PORTION) - 1);
      }
      for (long from = 1; from <= grants; from += PORTION) {
        insert(connection, GRANTS, Math.max(1, people), from, Math.min(grants, from + PORTION - 1));
      }
      try (PreparedStatement statement = connection.prepareStatement(CLIENTS)) {
        statement.setString(1, registration);
        statement.setLong(2, 0);
        statement.setLong(3, clients - 1);
        statement.executeUpdate();
      }
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT setval('sts.client_version', max(version)) FROM sts.client");
        statement.execute("VACUUM ANALYZE sts.attribute");
        statement.execute("VACUUM ANALYZE ledger.entry");
        statement.execute("CHECKPOINT");
      }
      System.err.printf(
          "  %,d people, %,d past grants and %,d clients after %.0f s%n",
          people, grants, clients, (System.nanoTime() - begin) / 1e9);
    }
  }

  private static void insert(Connection connection, String sql, long... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setLong(i + 1, parameters[i]);
      }
      statement.executeUpdate();
    }
  }
}
