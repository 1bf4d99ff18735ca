package dev.countersign.ledger.postgres;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.sql.DataSource;

/// Reads the ledger as the auditor, who may read everything and write nothing.
public final class PgLedgerReader implements LedgerReader {
  private static final String COLUMNS =
      "SELECT writer, seq, at, box, event, jti, subject, data, hash FROM ledger.entry ";

  private final DataSource database;

  public PgLedgerReader(DataSource database) {
    this.database = database;
  }

  @Override
  public List<LedgerRecord> trace(String jti) {
    return query(
        COLUMNS + "WHERE jti = ? ORDER BY at, writer, seq",
        statement -> statement.setString(1, jti));
  }

  @Override
  public List<LedgerRecord> recent(int limit) {
    return query(
        COLUMNS + "ORDER BY at DESC, writer, seq DESC LIMIT ?",
        statement -> statement.setInt(1, limit));
  }

  /// The newest entries of one kind of event, newest first.
  public List<LedgerRecord> newest(LedgerEvent event, int limit) {
    return query(
        COLUMNS + "WHERE event = ? ORDER BY at DESC, writer, seq DESC LIMIT ?",
        statement -> {
          statement.setString(1, event.wireName());
          statement.setInt(2, limit);
        });
  }

  @Override
  public List<String> breaks() {
    var breaks = new ArrayList<String>();
    String writer = "";
    String previous = "";
    long expected = 1;
    for (LedgerRecord record : query(COLUMNS + "ORDER BY writer, seq", _ -> {})) {
      if (!record.writer().equals(writer)) {
        writer = record.writer();
        previous = LedgerRecord.genesis(writer);
        expected = 1;
      }
      if (record.seq() != expected) {
        breaks.add(writer + ": entries before number " + record.seq() + " are missing");
      } else if (!record.hashAfter(previous).equals(record.hash())) {
        breaks.add(writer + ": entry number " + record.seq() + " was changed");
      }
      previous = record.hash();
      expected = record.seq() + 1;
    }
    return List.copyOf(breaks);
  }

  private List<LedgerRecord> query(String sql, Binding binding) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      binding.bind(statement);
      try (ResultSet rows = statement.executeQuery()) {
        var records = new ArrayList<LedgerRecord>();
        while (rows.next()) {
          records.add(record(rows));
        }
        return List.copyOf(records);
      }
    } catch (SQLException failed) {
      throw new UnavailableException("the ledger cannot be read", failed);
    }
  }

  private static LedgerRecord record(ResultSet row) throws SQLException {
    return new LedgerRecord(
        row.getString("writer"),
        row.getLong("seq"),
        row.getObject("at", OffsetDateTime.class).toInstant(),
        row.getString("box"),
        row.getString("event"),
        row.getString("jti"),
        row.getString("subject"),
        StrictJson.parseObject(row.getString("data")),
        HexFormat.of().formatHex(row.getBytes("hash")));
  }

  private interface Binding {
    void bind(PreparedStatement statement) throws SQLException;
  }
}
