package dev.countersign.ledger.postgres;

import dev.countersign.ledger.ChainLine;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.Person;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TraceContext;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The ledger of one running box: entries that wait at the same moment are written in one
/// transaction, and nobody goes on before theirs is durable.
///
/// One thread writes, so the chain needs no lock. After a failed write nobody knows whether the
/// last group is there, so the writer starts a new chain under a new name.
public final class PgLedger implements Ledger, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofMillis(200);
  private static final int LARGEST_GROUP = 200;
  private static final int WORTH_WAITING = 16;
  private static final Duration MOST_WAITING = Duration.ofMillis(3);

  /// Parameters: 1 writer, 2 box, 3 to 10 seqs, times, events, jtis, people, data, sealed data and
  /// hashes.
  private static final String APPEND =
      """
      INSERT INTO ledger.entry (writer, box, seq, at, event, jti, person, data, sealed, hash)
      SELECT ?, ?, entry.seq,
             timestamptz 'epoch' + entry.at * interval '1 microsecond', entry.event, entry.jti, entry.person, entry.data::jsonb,
             entry.sealed, entry.hash
        FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[],
                    ?::bytea[], ?::bytea[])
          AS entry (seq, at, event, jti, person, data, sealed, hash)
      """;

  private final String box;
  private final DataSource database;
  private final InstantSource clock;
  private final BlockingQueue<Waiting> queue = new LinkedBlockingQueue<>(10_000);
  private final People people;
  private final ObjectNode replica;
  private final Thread thread;
  private final Pace pace = new Pace();
  private volatile boolean closing;
  private volatile List<Waiting> writing = List.of();
  private String writer = "";
  private long seq;
  private String lastHash = "";
  private boolean begun;

  /// Starts the writer.
  ///
  /// @param box the box's name; its database user is `countersign_<box>`
  public PgLedger(String box, DataSource database, InstantSource clock) {
    this(box, database, clock, StrictJson.object());
  }

  /// Starts the writer of a running box, whose chains begin and end with an entry that says so.
  ///
  /// @param replica which one it is, of which version, with which configuration; empty for a writer
  ///   that is no running box
  public PgLedger(String box, DataSource database, InstantSource clock, ObjectNode replica) {
    this.box = box;
    this.database = database;
    this.clock = clock;
    this.people = new People(clock);
    this.replica = replica.deepCopy();
    startChain();
    this.thread = Thread.ofPlatform().daemon().name("ledger-" + box).start(this::write);
    Thread.ofVirtual().name("ledger-watch-" + box).start(this::watch);
  }

  @Override
  public void append(LedgerEntry entry) {
    append(List.of(entry));
  }

  @Override
  public void append(List<LedgerEntry> entries) {
    List<Waiting> waiting = entries.stream().map(PgLedger::waiting).toList();
    for (Waiting one : waiting) {
      if (closing || !queue.offer(one)) {
        throw new LedgerAway(null);
      }
    }
    // INVARIANT: what is in the queue while the writer lives is written, or told by `watch`, which
    // looks once more after the writer ended.
    if (!thread.isAlive()) {
      throw new LedgerAway(null);
    }
    try {
      for (Waiting one : waiting) {
        // Without a time limit of its own, which costs a timer for each entry: `watch` keeps it.
        one.done.get();
      }
    } catch (ExecutionException away) {
      throw new LedgerAway(away);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new LedgerAway(interrupted);
    }
  }

  private static Waiting waiting(LedgerEntry entry) {
    return new Waiting(inTrace(entry), System.nanoTime(), new CompletableFuture<>());
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

  // OpenTelemetry's ids, so that its spans lead here and an entry leads to them.
  private static LedgerEntry inTrace(LedgerEntry entry) {
    Optional<TraceContext> current = TraceContext.current();
    if (current.isEmpty()) {
      return entry;
    }
    ObjectNode data = StrictJson.object().setAll(entry.data());
    data.put("trace_id", current.get().traceId()).put("span_id", current.get().spanId());
    return new LedgerEntry(entry.event(), entry.jti(), entry.subject(), data);
  }

  private void write() {
    var group = new ArrayList<Waiting>();
    try {
      while (!closing || !queue.isEmpty()) {
        Waiting first = next();
        if (first == null) {
          continue;
        }
        group.add(first);
        gather();
        queue.drainTo(group, LARGEST_GROUP - 1);
        writing = List.copyOf(group);
        writeGroup(group);
        pace.note(group.size());
        writing = List.of();
        group.clear();
      }
      if (begun) {
        writeGroup(List.of(lifeSign(LedgerEvent.BOX_STOPPED)));
      }
    } finally {
      group.forEach(Waiting::fail); // only an error of the machine leaves any
    }
  }

  // Tells those who waited too long, whatever keeps the writer, and those who came as it ended.
  private void watch() {
    while (thread.isAlive()) {
      LockSupport.parkNanos(IDLE.toNanos());
      long now = System.nanoTime();
      queue.forEach(waiting -> waiting.giveUp(now));
      writing.forEach(waiting -> waiting.giveUp(now));
    }
    queue.forEach(Waiting::fail);
  }

  // A group costs about as much as a handful of entries: where many come, a moment's patience is
  // worth its price. Where few come, nobody waits.
  private void gather() {
    long nanos = pace.nanosUntil(WORTH_WAITING, MOST_WAITING);
    if (nanos > 0) {
      LockSupport.parkNanos(nanos);
    }
  }

  private void writeGroup(List<Waiting> group) {
    try {
      insert(group);
      group.forEach(waiting -> waiting.done.complete(null));
    } catch (SQLException | RuntimeException failed) {
      startChain();
      group.forEach(waiting -> waiting.done.completeExceptionally(failed));
    }
  }

  private Waiting lifeSign(LedgerEvent event) {
    return new Waiting(
        new LedgerEntry(event, "", "", replica), System.nanoTime(), new CompletableFuture<>());
  }

  /// The next entry, or null after a while without one. Never interrupted in the middle of a write.
  private @Nullable Waiting next() {
    try {
      return queue.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException spurious) {
      return null;
    }
  }

  // One statement, so one transaction and one round trip; another one where a person is new.
  private void insert(List<Waiting> waiting) throws SQLException {
    var group = new ArrayList<>(waiting);
    boolean begins = !begun && !replica.isEmpty();
    if (begins) {
      group.addFirst(lifeSign(LedgerEvent.BOX_STARTED));
    }
    try (Connection connection = database.getConnection()) {
      List<String> subjects = group.stream().map(one -> one.entry.subject()).toList();
      Map<String, Person> known = people.of(connection, subjects);
      var lines = new ArrayList<ChainLine>(group.size());
      for (Waiting one : group) {
        Person person = known.get(one.entry.subject());
        if (person == null && !one.entry.subject().isEmpty()) {
          throw new IllegalStateException("a person was just forgotten; try again");
        }
        var line =
            LedgerRecord.line(writer, ++seq, clock.instant(), box, one.entry, person, lastHash);
        lastHash = line.hash();
        lines.add(line);
      }
      insert(connection, lines);
    }
    begun = begun || begins;
  }

  // Arrays of their own type go to the server in binary, those of objects as text.
  private void insert(Connection connection, List<ChainLine> lines) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
      statement.setString(1, writer);
      statement.setString(2, box);
      statement.setArray(3, longs(connection, lines, ChainLine::seq));
      statement.setArray(4, longs(connection, lines, line -> micros(line.at())));
      statement.setArray(5, texts(connection, lines, ChainLine::event));
      statement.setArray(6, texts(connection, lines, ChainLine::jti));
      statement.setArray(7, texts(connection, lines, ChainLine::person));
      statement.setArray(8, texts(connection, lines, ChainLine::dataText));
      statement.setArray(
          9, bytes(connection, lines, line -> Base64.getDecoder().decode(line.sealed())));
      statement.setArray(
          10, bytes(connection, lines, line -> HexFormat.of().parseHex(line.hash())));
      statement.executeUpdate();
    }
  }

  private static long micros(Instant at) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, at);
  }

  private static Array longs(
      Connection connection, List<ChainLine> lines, Function<ChainLine, Long> column)
      throws SQLException {
    return connection.createArrayOf("bigint", lines.stream().map(column).toArray(Long[]::new));
  }

  private static Array texts(
      Connection connection, List<ChainLine> lines, Function<ChainLine, String> column)
      throws SQLException {
    return connection.createArrayOf("text", lines.stream().map(column).toArray(String[]::new));
  }

  private static Array bytes(
      Connection connection, List<ChainLine> lines, Function<ChainLine, byte[]> column)
      throws SQLException {
    return connection.createArrayOf("bytea", lines.stream().map(column).toArray(byte[][]::new));
  }

  private void startChain() {
    writer = box + "/" + Ids.base62(12);
    seq = 0;
    lastHash = ChainLine.genesis(writer);
    begun = false;
  }

  /// @param since when it came, by [System#nanoTime]
  private record Waiting(LedgerEntry entry, long since, CompletableFuture<Void> done) {
    void giveUp(long now) {
      if (now - since > PATIENCE.toNanos()) {
        fail();
      }
    }

    void fail() {
      done.completeExceptionally(new TimeoutException());
    }
  }
}
