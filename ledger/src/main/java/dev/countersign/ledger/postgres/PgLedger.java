package dev.countersign.ledger.postgres;

import static java.time.ZoneOffset.UTC;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/// The ledger of one running box: entries that wait at the same moment are written in one
/// transaction, and nobody goes on before theirs is durable.
///
/// One thread writes, so the chain needs no lock. After a failed write nobody knows whether the
/// last group is there, so the writer starts a new chain under a new name.
public final class PgLedger implements Ledger, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofMillis(200);
  private static final int LARGEST_GROUP = 200;

  /// Parameters: 1 writer, 2 box, 3 to 9 seqs, times, events, jtis, subjects, data and hashes.
  private static final String APPEND =
      """
      INSERT INTO ledger.entry (writer, box, seq, at, event, jti, subject, data, hash)
      SELECT ?, ?, entry.seq, entry.at, entry.event, entry.jti, entry.subject, entry.data::jsonb, entry.hash
        FROM unnest(?::bigint[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bytea[])
          AS entry (seq, at, event, jti, subject, data, hash)
      """;

  private final String box;
  private final DataSource database;
  private final InstantSource clock;
  private final BlockingQueue<Waiting> queue = new LinkedBlockingQueue<>(10_000);
  private final Thread thread;
  private volatile boolean closing;
  private String writer = "";
  private long seq;
  private String lastHash = "";

  /// Starts the writer.
  ///
  /// @param box the box's name; its database user is `countersign_<box>`
  public PgLedger(String box, DataSource database, InstantSource clock) {
    this.box = box;
    this.database = database;
    this.clock = clock;
    startChain();
    this.thread = Thread.ofVirtual().name("ledger-" + box).start(this::write);
  }

  @Override
  public void append(LedgerEntry entry) {
    var waiting = new Waiting(entry, new CompletableFuture<>());
    if (closing || !queue.offer(waiting)) {
      throw new LedgerAway(null);
    }
    try {
      waiting.done.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException away) {
      throw new LedgerAway(away);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new LedgerAway(interrupted);
    }
  }

  /// Refuses new entries, writes what still waits, then stops.
  @Override
  public void close() {
    closing = true;
    try {
      thread.join(PATIENCE);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void write() {
    var group = new ArrayList<Waiting>();
    while (!closing || !queue.isEmpty()) {
      Waiting first = next();
      if (first == null) {
        continue;
      }
      group.add(first);
      queue.drainTo(group, LARGEST_GROUP - 1);
      try {
        insert(group);
        group.forEach(waiting -> waiting.done.complete(null));
      } catch (SQLException | RuntimeException failed) {
        startChain();
        group.forEach(waiting -> waiting.done.completeExceptionally(failed));
      }
      group.clear();
    }
  }

  /// The next entry, or null after a while without one. Never interrupted in the middle of a write.
  private @Nullable Waiting next() {
    try {
      return queue.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException spurious) {
      return null;
    }
  }

  // One statement, so one transaction and one round trip.
  private void insert(List<Waiting> group) throws SQLException {
    var records = new ArrayList<LedgerRecord>(group.size());
    for (Waiting waiting : group) {
      var record = LedgerRecord.next(writer, ++seq, clock.instant(), box, waiting.entry, lastHash);
      lastHash = record.hash();
      records.add(record);
    }
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(APPEND)) {
      statement.setString(1, writer);
      statement.setString(2, box);
      statement.setArray(3, array(connection, "bigint", records, LedgerRecord::seq));
      statement.setArray(
          4, array(connection, "timestamptz", records, record -> record.at().atOffset(UTC)));
      statement.setArray(5, array(connection, "text", records, LedgerRecord::event));
      statement.setArray(6, array(connection, "text", records, LedgerRecord::jti));
      statement.setArray(7, array(connection, "text", records, LedgerRecord::subject));
      statement.setArray(
          8, array(connection, "text", records, record -> StrictJson.write(record.data())));
      statement.setArray(
          9,
          connection.createArrayOf(
              "bytea",
              records.stream()
                  .map(record -> HexFormat.of().parseHex(record.hash()))
                  .toArray(byte[][]::new)));
      statement.executeUpdate();
    }
  }

  private static Array array(
      Connection connection,
      String type,
      List<LedgerRecord> records,
      Function<LedgerRecord, Object> column)
      throws SQLException {
    return connection.createArrayOf(type, records.stream().map(column).toArray());
  }

  private void startChain() {
    writer = box + "/" + Ids.base62(12);
    seq = 0;
    lastHash = LedgerRecord.genesis(writer);
  }

  private record Waiting(LedgerEntry entry, CompletableFuture<Void> done) {}
}
