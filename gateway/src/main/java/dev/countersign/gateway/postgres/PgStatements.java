package dev.countersign.gateway.postgres;

import dev.countersign.gateway.Cut;
import dev.countersign.gateway.Lease;
import dev.countersign.gateway.StatementResult;
import dev.countersign.gateway.StatementResult.Cause;
import dev.countersign.gateway.StatementRunner;
import dev.countersign.gateway.tools.Statement;
import dev.countersign.protocol.StrictJson;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.BiConsumer;
import org.postgresql.PGConnection;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// One connection, one prepared statement, one transaction. A write is committed only after its
/// whole answer was read within the limits. Threads may share it.
public final class PgStatements implements StatementRunner {
  private static final String CONNECT_SECONDS = "5";
  private static final String OLDEST_SERVER = "15";
  private static final int SPARE_SECONDS = 5;
  private static final int MAX_APPLICATION_NAME = 63;

  /// The driver counts raw bytes of the wire; the limit of the tool counts what the agent gets.
  private static final int WIRE_FACTOR = 4;

  private final Map<String, String> databases;
  private final BiConsumer<String, Duration> hops;

  /// @param databases name to JDBC address
  /// @param hops told how long `connect` and `statement`, with the disconnect, took
  public PgStatements(Map<String, String> databases, BiConsumer<String, Duration> hops) {
    this.databases = Map.copyOf(databases);
    this.hops = hops;
  }

  @Override
  public StatementResult run(
      Statement statement, Lease lease, ObjectNode arguments, String jti, Cut cut) {
    String address = databases.get(statement.database());
    if (address == null) {
      throw new IllegalStateException("a tool names a database that is not configured");
    }
    long begin = System.nanoTime();
    Connection connection;
    try {
      connection = DriverManager.getConnection(address, login(statement, lease, jti));
    } catch (SQLException failed) {
      return new StatementResult.Failed(
          SqlFailures.cause(failed, Cause.AWAY), SqlFailures.state(failed));
    }
    long connected = System.nanoTime();
    hops.accept("connect", Duration.ofNanos(connected - begin));
    try (connection) {
      cut.arm(() -> stop(connection));
      return run(connection, statement, arguments);
    } catch (SQLException failed) {
      // Only close() is left: everything before is decided.
      return new StatementResult.Failed(Cause.BROKEN, SqlFailures.state(failed));
    } finally {
      hops.accept("statement", Duration.ofNanos(System.nanoTime() - connected));
    }
  }

  // The cancellation spares the server the rest; the end of the connection is what counts: no
  // commit
  // can be sent any more.
  private static void stop(Connection connection) {
    try {
      connection.unwrap(PGConnection.class).cancelQuery();
    } catch (SQLException notTold) {
      // It runs into its time-out on the server, for nobody.
    }
    try {
      connection.abort(Runnable::run);
    } catch (SQLException gone) {
      return;
    }
  }

  private static Properties login(Statement statement, Lease lease, String jti) {
    long seconds = statement.limits().timeout().plusMillis(999).toSeconds();
    var properties = new Properties();
    properties.setProperty("user", lease.username());
    properties.setProperty("password", lease.password().reveal());
    quickly(properties);
    properties.setProperty("socketTimeout", Long.toString(seconds + SPARE_SECONDS));
    properties.setProperty(
        "options", "-c statement_timeout=" + statement.limits().timeout().toMillis());
    properties.setProperty(
        "maxResultBuffer", Long.toString((long) statement.limits().maxBytes() * WIRE_FACTOR));
    String name = "countersign " + jti;
    properties.setProperty(
        "ApplicationName", name.substring(0, Math.min(name.length(), MAX_APPLICATION_NAME)));
    return properties;
  }

  /// What makes a connection for one statement quick: settings go with the first message, not in
  /// questions of their own, and no second thread watches the login, whose reads have a time-out.
  ///
  /// @param properties the driver's, added to
  public static void quickly(Properties properties) {
    properties.setProperty("connectTimeout", CONNECT_SECONDS);
    properties.setProperty("assumeMinServerVersion", OLDEST_SERVER);
  }

  private static StatementResult run(
      Connection connection, Statement statement, ObjectNode arguments) throws SQLException {
    Rows rows;
    try {
      connection.setReadOnly(statement.readOnly());
      connection.setAutoCommit(false);
      rows = read(connection, statement, arguments);
    } catch (SQLException failed) {
      return new StatementResult.Failed(
          SqlFailures.cause(failed, Cause.BROKEN), SqlFailures.state(failed));
    }
    boolean tooMuch = rows.bytes > statement.limits().maxBytes();
    if (tooMuch || (rows.truncated && !statement.readOnly())) {
      rollBack(connection);
      return new StatementResult.Failed(Cause.TOO_LARGE, "");
    }
    try {
      connection.commit();
    } catch (SQLException failed) {
      // Without a connection nobody here knows whether the server still got the commit.
      boolean unknown = SqlFailures.isConnection(failed) && !statement.readOnly();
      return new StatementResult.Failed(
          unknown ? Cause.UNKNOWN : SqlFailures.cause(failed, Cause.BROKEN),
          SqlFailures.state(failed));
    }
    return new StatementResult.Ran(rows.values, rows.truncated);
  }

  private static void rollBack(Connection connection) {
    try {
      connection.rollback();
    } catch (SQLException alreadyGone) {
      // A connection that cannot roll back has not committed either; closing it ends the work.
      return;
    }
  }

  private record Rows(ArrayNode values, boolean truncated, int bytes) {}

  private static Rows read(Connection connection, Statement statement, ObjectNode arguments)
      throws SQLException {
    int maxRows = statement.limits().maxRows();
    try (PreparedStatement prepared = connection.prepareStatement(statement.sql())) {
      bind(prepared, statement.parameters(), arguments);
      prepared.setMaxRows(maxRows + 1);
      ArrayNode rows = StrictJson.array();
      int bytes = 0;
      boolean truncated = false;
      if (prepared.execute()) {
        try (ResultSet result = prepared.getResultSet()) {
          while (result.next()) {
            if (rows.size() == maxRows) {
              truncated = true;
              break;
            }
            ObjectNode row = PgValues.row(result);
            bytes += StrictJson.write(row).length();
            if (bytes > statement.limits().maxBytes()) {
              break;
            }
            rows.add(row);
          }
        }
      }
      return new Rows(rows, truncated, bytes);
    }
  }

  private static void bind(
      PreparedStatement prepared, List<String> parameters, ObjectNode arguments)
      throws SQLException {
    for (int i = 0; i < parameters.size(); i++) {
      JsonNode value = arguments.path(parameters.get(i));
      int index = i + 1;
      if (value.isMissingNode() || value.isNull()) {
        prepared.setNull(index, Types.NULL);
      } else if (value.isString()) {
        prepared.setString(index, value.stringValue());
      } else if (value.isBoolean()) {
        prepared.setBoolean(index, value.booleanValue());
      } else if (value.isIntegralNumber()) {
        prepared.setLong(index, value.longValue());
      } else if (value.isNumber()) {
        prepared.setBigDecimal(index, value.decimalValue());
      } else {
        // Without a type of its own: the statement says whether it wants json or jsonb.
        prepared.setObject(index, StrictJson.write(value), Types.OTHER);
      }
    }
  }
}
