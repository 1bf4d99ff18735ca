package dev.countersign.ledger.postgres;

import dev.countersign.ledger.ChainHead;
import dev.countersign.ledger.Checkpoint;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerificationKeys;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/// Signs checkpoints over all chains. Replicas may do so at the same time; only one signs each.
public final class Checkpoints {
  private static final String LOCK = "SELECT pg_advisory_xact_lock(4861059)";
  private static final String STORED =
      "SELECT number, at, heads, statement FROM ledger.checkpoint ORDER BY number";
  private static final String NEWEST = STORED + " DESC LIMIT 1";
  private static final String COVERED =
      """
      SELECT head ->> 0, max((head ->> 1)::bigint), ''
        FROM ledger.checkpoint CROSS JOIN jsonb_array_elements(heads) AS head
       WHERE number > ?
       GROUP BY 1
      """;
  private static final String APPEND =
      "INSERT INTO ledger.checkpoint (number, at, heads, statement) VALUES (?, ?, ?::jsonb, ?)";

  private final DataSource database;
  private final JwtSigner signer;
  private final VerificationKeys keys;
  private final InstantSource clock;
  private final Map<String, Long> covered = new HashMap<>();
  private long read;

  /// @param keys those that may have signed earlier checkpoints
  public Checkpoints(
      DataSource database, JwtSigner signer, VerificationKeys keys, InstantSource clock) {
    this.database = database;
    this.signer = signer;
    this.keys = keys;
    this.clock = clock;
  }

  /// Signs a checkpoint over the chains that went on since the last one; empty if none did.
  ///
  /// @throws IllegalStateException if the last checkpoint is not one that we signed
  public synchronized Optional<Checkpoint> sign() {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        Optional<Checkpoint> signed = sign(connection);
        connection.commit();
        return signed;
      } finally {
        connection.rollback();
      }
    } catch (SQLException failed) {
      throw new UnavailableException("no checkpoint can be signed", failed);
    }
  }

  private Optional<Checkpoint> sign(Connection connection) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(LOCK);
    }
    Checkpoint newest = newest(connection);
    readCovered(connection, newest);
    List<ChainHead> moved =
        Heads.all(connection).stream()
            .filter(head -> head.seq() > covered.getOrDefault(head.writer(), 0L))
            .toList();
    if (moved.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(append(connection, newest, Checkpoint.Kind.HEADS, moved));
  }

  /// Signs where chains go on after what is being dropped.
  Checkpoint cut(Connection connection, List<ChainHead> dropped) throws SQLException {
    return append(connection, newest(connection), Checkpoint.Kind.CUT, dropped);
  }

  private Checkpoint append(
      Connection connection,
      @Nullable Checkpoint before,
      Checkpoint.Kind kind,
      List<ChainHead> heads)
      throws SQLException {
    Checkpoint signed = Checkpoint.sign(before, clock.instant(), kind, heads, signer);
    try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
      statement.setLong(1, signed.number());
      statement.setObject(2, signed.at().atOffset(ZoneOffset.UTC));
      statement.setString(3, StrictJson.write(ChainHead.json(heads)));
      statement.setString(4, signed.statement());
      statement.executeUpdate();
    }
    return signed;
  }

  private void readCovered(Connection connection, @Nullable Checkpoint newest) throws SQLException {
    if (newest == null || newest.number() == read) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(COVERED)) {
      statement.setLong(1, read);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          covered.merge(rows.getString(1), rows.getLong(2), Math::max);
        }
      }
    }
    read = newest.number();
  }

  private @Nullable Checkpoint newest(Connection connection) throws SQLException {
    List<Checkpoint> found = read(connection, NEWEST);
    return found.isEmpty() ? null : found.getFirst();
  }

  /// All that were signed, the first one first.
  public List<Checkpoint> all() {
    try (Connection connection = database.getConnection()) {
      return read(connection, STORED);
    } catch (SQLException failed) {
      throw new UnavailableException("the checkpoints cannot be read", failed);
    }
  }

  private List<Checkpoint> read(Connection connection, String sql) throws SQLException {
    var found = new ArrayList<Checkpoint>();
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        long number = rows.getLong("number");
        try {
          found.add(
              Checkpoint.verified(
                  rows.getString("statement"),
                  ChainHead.of(StrictJson.parse(rows.getString("heads"))),
                  keys));
        } catch (MalformedJsonException changed) {
          throw new IllegalStateException(
              "checkpoint " + number + ": " + changed.getMessage(), changed);
        }
      }
    }
    return found;
  }
}
