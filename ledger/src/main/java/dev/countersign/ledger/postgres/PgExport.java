package dev.countersign.ledger.postgres;

import dev.countersign.ledger.ChainHead;
import dev.countersign.ledger.ExportCheck;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import javax.sql.DataSource;
import tools.jackson.databind.node.ObjectNode;

/// Reads the whole ledger, or what is new in it, line by line. For one thread.
public final class PgExport {
  private static final int AT_ONCE = 2_000;

  private static final String CHECKPOINTS =
      "SELECT number, heads, statement FROM ledger.checkpoint WHERE number > ? ORDER BY number";

  private static final String ALL = PgLedgerReader.COLUMNS + " ORDER BY entry.writer, entry.seq";

  private static final String NEW =
      PgLedgerReader.COLUMNS
          + """
           JOIN unnest(?::text[], ?::bigint[]) AS known (writer, seq)
             ON entry.writer = known.writer AND entry.seq > known.seq
          ORDER BY entry.at, entry.writer, entry.seq
          """;

  private final DataSource database;
  private final Map<String, Long> told = new HashMap<>();
  private long checkpoint;

  public PgExport(DataSource database) {
    this.database = database;
  }

  /// Tells everything as one moment saw it: a header, the checkpoints, then chain by chain.
  ///
  /// @param keySet the public keys that sign checkpoints, as a JWK Set
  public void write(ObjectNode keySet, boolean checkpoints, Consumer<String> lines) {
    lines.accept(ExportCheck.header(keySet));
    inOneMoment(connection -> {
      if (checkpoints) {
        tellCheckpoints(connection, lines);
      }
      try (PreparedStatement statement = connection.prepareStatement(ALL)) {
        tell(statement, row -> lines.accept(PgLedgerReader.line(row).text()));
      }
    });
  }

  /// Tells everything as records for people and other programs, chain by chain.
  public void records(Consumer<LedgerRecord> records) {
    inOneMoment(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(ALL)) {
        tell(statement, row -> records.accept(record(row)));
      }
    });
  }

  /// Tells what was written since the last call, in the order of time.
  ///
  /// @param checkpoints those that were signed since
  public void news(Consumer<String> lines, Consumer<LedgerRecord> records, boolean checkpoints) {
    inOneMoment(connection -> {
      List<ChainHead> moved =
          Heads.all(connection).stream()
              .filter(head -> head.seq() > told.getOrDefault(head.writer(), 0L))
              .toList();
      if (!moved.isEmpty()) {
        try (PreparedStatement statement = connection.prepareStatement(NEW)) {
          statement.setArray(
              1, connection.createArrayOf("text", moved.stream().map(ChainHead::writer).toArray()));
          statement.setArray(
              2,
              connection.createArrayOf(
                  "bigint",
                  moved.stream().map(head -> told.getOrDefault(head.writer(), 0L)).toArray()));
          tell(
              statement,
              row -> {
                lines.accept(PgLedgerReader.line(row).text());
                records.accept(record(row));
              });
        }
      }
      if (checkpoints) {
        tellCheckpoints(connection, lines);
      }
    });
  }

  private static LedgerRecord record(ResultSet row) throws SQLException {
    return LedgerRecord.opened(PgLedgerReader.line(row), PgLedgerReader.person(row));
  }

  private void tell(PreparedStatement statement, Row each) throws SQLException {
    statement.setFetchSize(AT_ONCE);
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        each.tell(rows);
        told.put(rows.getString("writer"), rows.getLong("seq"));
      }
    }
  }

  private void tellCheckpoints(Connection connection, Consumer<String> lines) throws SQLException {
    for (Stored stored : checkpoints(connection, checkpoint)) {
      ObjectNode line = StrictJson.object().put("checkpoint", stored.statement);
      line.set("heads", StrictJson.parse(stored.heads));
      lines.accept(StrictJson.write(line));
      checkpoint = stored.number;
    }
  }

  private static List<Stored> checkpoints(Connection connection, long after) throws SQLException {
    var found = new ArrayList<Stored>();
    try (PreparedStatement statement = connection.prepareStatement(CHECKPOINTS)) {
      statement.setLong(1, after);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(new Stored(rows.getLong(1), rows.getString(2), rows.getString(3)));
        }
      }
    }
    return found;
  }

  private void inOneMoment(Work work) {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      connection.setReadOnly(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      try (var statement = connection.createStatement()) {
        statement.execute("SET LOCAL statement_timeout = 0");
      }
      try {
        work.run(connection);
      } finally {
        connection.rollback();
      }
    } catch (SQLException failed) {
      throw new UnavailableException("the ledger cannot be read", failed);
    }
  }

  private record Stored(long number, String heads, String statement) {}

  private interface Row {
    void tell(ResultSet row) throws SQLException;
  }

  private interface Work {
    void run(Connection connection) throws SQLException;
  }
}
