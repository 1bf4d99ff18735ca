package dev.countersign.ledger.postgres;

import dev.countersign.ledger.ChainHead;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// Where the chains end.
final class Heads {
  // Jumps from writer to writer along the primary key, so that its cost is the number of chains.
  private static final String ALL =
      """
      WITH RECURSIVE writers AS (
        (SELECT writer FROM ledger.entry ORDER BY writer LIMIT 1)
        UNION ALL
        SELECT (SELECT next.writer FROM ledger.entry next
                 WHERE next.writer > writers.writer ORDER BY next.writer LIMIT 1)
          FROM writers WHERE writers.writer IS NOT NULL)
      SELECT writers.writer, head.seq, encode(head.hash, 'hex')
        FROM writers
       CROSS JOIN LATERAL (SELECT seq, hash FROM ledger.entry last
                            WHERE last.writer = writers.writer
                            ORDER BY seq DESC LIMIT 1) AS head
       WHERE writers.writer IS NOT NULL
      """;

  private Heads() {}

  /// The heads of all chains.
  static List<ChainHead> all(Connection connection) throws SQLException {
    return read(connection, ALL);
  }

  static List<ChainHead> read(Connection connection, String sql) throws SQLException {
    var heads = new ArrayList<ChainHead>();
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        heads.add(new ChainHead(rows.getString(1), rows.getLong(2), rows.getString(3)));
      }
    }
    return heads;
  }
}
