package dev.countersign.ledger.postgres;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  /// Parameters: 1 writer, 2 seq, 3 at, 4 box, 5 event, 6 jti, 7 subject, 8 data, 9 hash.
  private static final String APPEND =
      """
      INSERT INTO ledger.entry (writer, seq, at, box, event, jti, subject, data, hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?)
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

  private void insert(List<Waiting> group) throws SQLException {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
        for (Waiting waiting : group) {
          var record =
              LedgerRecord.next(writer, ++seq, clock.instant(), box, waiting.entry, lastHash);
          lastHash = record.hash();
          bind(statement, record);
          statement.addBatch();
        }
        statement.executeBatch();
        connection.commit();
      } catch (SQLException failed) {
        connection.rollback();
        throw failed;
      } finally {
        connection.setAutoCommit(true);
      }
    }
  }

  private static void bind(PreparedStatement statement, LedgerRecord record) throws SQLException {
    statement.setString(1, record.writer());
    statement.setLong(2, record.seq());
    statement.setObject(3, record.at().atOffset(ZoneOffset.UTC));
    statement.setString(4, record.box());
    statement.setString(5, record.event());
    statement.setString(6, record.jti());
    statement.setString(7, record.subject());
    statement.setString(8, StrictJson.write(record.data()));
    statement.setBytes(9, HexFormat.of().parseHex(record.hash()));
  }

  private void startChain() {
    writer = box + "/" + Ids.base62(12);
    seq = 0;
    lastHash = LedgerRecord.genesis(writer);
  }

  private record Waiting(LedgerEntry entry, CompletableFuture<Void> done) {}
}
