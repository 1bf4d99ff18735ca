package dev.countersign.ledger.postgres;

import dev.countersign.ledger.ChainHead;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What only the ledger's owner may do, by command and never in a running box: forget a person, and
/// drop a month. Each is for one connection.
public final class LedgerOwner {
  private static final String LOCK = "SELECT pg_advisory_xact_lock(4861059)";
  private static final String MONTHS =
      """
      SELECT relid::regclass::text FROM pg_partition_tree('ledger.entry')
       WHERE isleaf AND relid::regclass::text ~ 'entry_[0-9]{4}_[0-9]{2}$' ORDER BY 1
      """;

  private final Connection owner;

  public LedgerOwner(Connection owner) {
    this.owner = owner;
  }

  /// Throws a person's key away. What was sealed with it can be read by nobody any more.
  ///
  /// @param person as `anchor|id`, or the ledger's own name
  /// @return the ledger's own name; empty if the ledger knows nobody of that name
  public Optional<String> forget(String person) throws SQLException {
    try (PreparedStatement statement =
        owner.prepareStatement(
            "DELETE FROM ledger.person WHERE subject = ? OR id = ? RETURNING id")) {
      statement.setString(1, person);
      statement.setString(2, person);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
      }
    }
  }

  /// The months that the ledger has a partition for, the oldest first.
  public List<YearMonth> months() throws SQLException {
    var months = new ArrayList<YearMonth>();
    try (Statement statement = owner.createStatement();
        ResultSet rows = statement.executeQuery(MONTHS)) {
      while (rows.next()) {
        String name = rows.getString(1);
        String[] parts = name.substring(name.length() - 7).split("_", -1);
        months.add(YearMonth.of(Integer.parseInt(parts[0]), Integer.parseInt(parts[1])));
      }
    }
    return months;
  }

  /// Drops a month, under a signed statement of the last entry of each chain in it, so that what is
  /// left can still be checked.
  ///
  /// @return how many entries went
  /// @throws IllegalStateException if an earlier month is still there, or entries of one chain lie
  ///   in two orders
  public long drop(YearMonth month, Checkpoints checkpoints) throws SQLException {
    if (!month.equals(months().getFirst())) {
      throw new IllegalStateException("an earlier month is still there; drop the oldest first");
    }
    String table =
        String.format(Locale.ROOT, "ledger.entry_%d_%02d", month.getYear(), month.getMonthValue());
    owner.setAutoCommit(false);
    boolean done = false;
    try (Statement statement = owner.createStatement()) {
      statement.execute(LOCK);
      long entries = count(statement, "SELECT count(*) FROM " + table);
      long mixed =
          count(
              statement,
              "SELECT count(*) FROM (SELECT writer, max(seq) AS seq FROM "
                  + table
                  + " GROUP BY writer) AS gone JOIN ledger.entry stays USING (writer)"
                  + " WHERE stays.seq <= gone.seq AND stays.tableoid <> '"
                  + table
                  + "'::regclass");
      if (mixed > 0) {
        throw new IllegalStateException("a later month holds earlier entries of the same chain");
      }
      List<ChainHead> dropped =
          Heads.read(
              owner,
              "SELECT DISTINCT ON (writer) writer, seq, encode(hash, 'hex') FROM "
                  + table
                  + " ORDER BY writer, seq DESC");
      if (!dropped.isEmpty()) {
        checkpoints.cut(owner, dropped);
      }
      statement.execute("DROP TABLE " + table);
      owner.commit();
      done = true;
      return entries;
    } finally {
      if (!done) {
        owner.rollback();
      }
      owner.setAutoCommit(true);
    }
  }

  private static long count(Statement statement, String sql) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getLong(1) : 0;
    }
  }
}
