package dev.countersign.ledger.postgres;

import dev.countersign.ledger.ChainLine;
import dev.countersign.ledger.ExportCheck;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.Person;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerificationKeys;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/// Reads the ledger as the auditor, who may read everything and change nothing.
public final class PgLedgerReader implements LedgerReader {
  static final String COLUMNS =
      """
      SELECT entry.writer, entry.seq, entry.at, entry.box, entry.event, entry.jti, entry.person,
             entry.data, entry.sealed, entry.hash, person.id AS known, person.subject, person.key
        FROM ledger.entry LEFT JOIN ledger.person ON person.id = entry.person
      """;

  private static final String IN_TIME = " ORDER BY entry.at, entry.writer, entry.seq";

  /// What a trace may be asked for, the likeliest first; each has an index of its own.
  private static final List<String> JOINS =
      List.of(
          "entry.jti <> '' AND entry.jti = ?",
          "entry.data ? 'approval_id' AND entry.data ->> 'approval_id' = ?",
          "entry.data ? 'lease_id' AND entry.data ->> 'lease_id' = ?",
          "coalesce(entry.data ->> 'user', entry.data ->> 'login') IS NOT NULL"
              + " AND coalesce(entry.data ->> 'user', entry.data ->> 'login') = ?");

  private final DataSource database;
  private final VerificationKeys keys;

  /// A reader that checks the chains without the checkpoints.
  public PgLedgerReader(DataSource database) {
    this(database, VerificationKeys.of(List.of()));
  }

  /// @param keys those that sign the checkpoints
  public PgLedgerReader(DataSource database, VerificationKeys keys) {
    this.database = database;
    this.keys = keys;
  }

  @Override
  public List<LedgerRecord> trace(String jti) {
    return query(
        COLUMNS + "WHERE entry.jti <> '' AND entry.jti = ?" + IN_TIME,
        statement -> statement.setString(1, jti));
  }

  // By the index over time: the entries since a call began are few.
  @Override
  public Optional<String> jtiIn(String traceId, Instant since) {
    return ask(
            """
            SELECT entry.jti FROM ledger.entry
             WHERE entry.at >= ? AND entry.jti <> '' AND entry.data ->> 'trace_id' = ?
             ORDER BY entry.at DESC LIMIT 1
            """,
            statement -> {
              statement.setObject(1, since.atOffset(ZoneOffset.UTC));
              statement.setString(2, traceId);
            },
            row -> row.getString(1))
        .stream()
        .findFirst();
  }

  /// The ids under which something happened that this text names: a `jti`, an approval, a lease or
  /// a minted login.
  public List<String> jtis(String name) {
    for (String join : JOINS) {
      // `??` is PostgreSQL's operator `?`.
      String sql =
          "SELECT entry.jti FROM ledger.entry WHERE "
              + join.replace("data ? ", "data ?? ")
              + " AND entry.jti <> '' GROUP BY entry.jti ORDER BY min(entry.at)";
      List<String> found = texts(sql, name);
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  /// The ids of what a person caused last, newest first; the person as `anchor|id`, or as the
  /// ledger's own name for them.
  public List<String> jtisOf(String person, int limit) {
    return texts(
        """
        SELECT jti
          FROM (SELECT jti, at FROM ledger.entry
                 WHERE jti <> ''
                   AND person IN (SELECT ?
                                   UNION ALL
                                  SELECT id FROM ledger.person WHERE subject = ?)
                   AND person <> ''
                 ORDER BY at DESC LIMIT 2000) AS latest
         GROUP BY jti ORDER BY max(at) DESC
        """
            + " LIMIT "
            + limit,
        person,
        person);
  }

  @Override
  public List<LedgerRecord> recent(int limit) {
    return query(
        COLUMNS + "ORDER BY entry.at DESC, entry.writer, entry.seq DESC LIMIT ?",
        statement -> statement.setInt(1, limit));
  }

  /// Everything since a time, in the order of time.
  public List<LedgerRecord> since(Instant from) {
    return query(
        COLUMNS + "WHERE entry.at >= ?" + IN_TIME,
        statement -> statement.setObject(1, from.atOffset(ZoneOffset.UTC)));
  }

  /// The newest entries of one kind of event, newest first.
  public List<LedgerRecord> newest(LedgerEvent event, int limit) {
    return query(
        COLUMNS + "WHERE event = ? ORDER BY entry.at DESC, entry.writer, entry.seq DESC LIMIT ?",
        statement -> {
          statement.setString(1, event.wireName());
          statement.setInt(2, limit);
        });
  }

  @Override
  public List<String> breaks() {
    var check = new ExportCheck(_ -> keys);
    new PgExport(database).write(StrictJson.object(), !keys.isEmpty(), check::line);
    return check.finish().breaks();
  }

  private List<String> texts(String sql, String... parameters) {
    return ask(
        sql,
        statement -> {
          for (int i = 0; i < parameters.length; i++) {
            statement.setString(i + 1, parameters[i]);
          }
        },
        row -> row.getString(1));
  }

  private List<LedgerRecord> query(String sql, Binding binding) {
    return ask(sql, binding, row -> LedgerRecord.opened(line(row), person(row)));
  }

  private <T> List<T> ask(String sql, Binding binding, Row<T> read) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      binding.bind(statement);
      try (ResultSet rows = statement.executeQuery()) {
        var found = new ArrayList<T>();
        while (rows.next()) {
          found.add(read.of(rows));
        }
        return List.copyOf(found);
      }
    } catch (SQLException failed) {
      throw new UnavailableException("the ledger cannot be read", failed);
    }
  }

  static ChainLine line(ResultSet row) throws SQLException {
    return new ChainLine(
        row.getString("writer"),
        row.getLong("seq"),
        row.getObject("at", OffsetDateTime.class).toInstant(),
        row.getString("box"),
        row.getString("event"),
        row.getString("jti"),
        row.getString("person"),
        StrictJson.parseObject(row.getString("data")),
        Base64.getEncoder().encodeToString(row.getBytes("sealed")),
        HexFormat.of().formatHex(row.getBytes("hash")));
  }

  static Optional<Person> person(ResultSet row) throws SQLException {
    String id = row.getString("known");
    return id == null
        ? Optional.empty()
        : Optional.of(People.person(id, row.getString("subject"), row.getBytes("key")));
  }

  private interface Binding {
    void bind(PreparedStatement statement) throws SQLException;
  }

  private interface Row<T> {
    T of(ResultSet row) throws SQLException;
  }
}
