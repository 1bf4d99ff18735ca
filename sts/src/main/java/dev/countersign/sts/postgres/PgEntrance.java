package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseAway;
import dev.countersign.protocol.Ids;
import dev.countersign.sts.Entrance;
import dev.countersign.sts.clients.Proofs;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The first look at the database, for all calls that wait at the same moment in one statement.
///
/// The uses of proofs are committed without waiting for the disk: no answer leaves before the
/// ledger's own commit, which comes later in the same log and takes them along.
///
/// Threads may share it.
public final class PgEntrance implements Entrance, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofMillis(200);
  private static final int LARGEST_GROUP = 100;
  private static final int DOORS = 2;
  private static final Duration NOTE_EVERY = Duration.ofMinutes(1);
  private static final int MOST_NOTED = 100_000;

  /// Parameters: 1 to 3 issuers, ids and ends of proofs; 4 and 5 now; 6 to 8 ids, subjects and
  /// clients of sessions to note; 9 subjects; 10 and 11 subjects and clients in pairs.
  private static final String ENTER =
      """
      WITH used AS (
           INSERT INTO used_assertion (issuer, id, expires_at)
           SELECT * FROM unnest(?::text[], ?::text[], ?::timestamptz[])
               ON CONFLICT DO NOTHING
           RETURNING issuer, id),
           seen AS (
           INSERT INTO session AS old (id, subject, client_id, started_at, last_seen_at)
           SELECT id, subject, client_id, ?::timestamptz, ?::timestamptz
             FROM unnest(?::text[], ?::text[], ?::text[]) AS t (id, subject, client_id)
               ON CONFLICT (subject, client_id)
               DO UPDATE SET last_seen_at = greatest(old.last_seen_at, excluded.last_seen_at))
      SELECT 'used' AS what, issuer AS one, id AS two, NULL::timestamptz AS at FROM used
      UNION ALL
      SELECT 'gate', subject, '', closed_at
        FROM person
       WHERE subject = ANY (?::text[])
         AND closed_at IS NOT NULL
      UNION ALL
      SELECT 'gate', subject, client_id, ended_at
        FROM session
       WHERE (subject, client_id) IN (SELECT * FROM unnest(?::text[], ?::text[]))
         AND ended_at IS NOT NULL
      UNION ALL
      SELECT 'mode', set_config('synchronous_commit', 'off', true), '', NULL
      """;

  private final Database database;
  private final InstantSource clock;
  private final Map<String, Instant> noted = new ConcurrentHashMap<>();
  private final BlockingQueue<Waiting> queue = new LinkedBlockingQueue<>(10_000);
  private volatile boolean closing;

  /// Opens the entrance.
  public PgEntrance(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
    for (int door = 0; door < DOORS; door++) {
      Thread.ofVirtual().name("entrance-" + door).start(this::serve);
    }
  }

  @Override
  public Entry enter(List<Proofs.Use> proofs, String subject, String client) {
    var waiting = new Waiting(proofs, subject, client, new CompletableFuture<>());
    if (closing || !queue.offer(waiting)) {
      throw new DatabaseAway("the database does not keep up", null);
    }
    try {
      return waiting.entry.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof SQLException sql
          ? Database.unchecked(sql)
          : new DatabaseAway("the database is away", failed.getCause());
    } catch (TimeoutException late) {
      throw new DatabaseAway("the database does not keep up", late);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DatabaseAway("interrupted while waiting for the database", interrupted);
    }
  }

  private void serve() {
    var group = new ArrayList<Waiting>();
    while (!closing || !queue.isEmpty()) {
      Waiting first = next();
      if (first == null) {
        continue;
      }
      group.add(first);
      queue.drainTo(group, LARGEST_GROUP - 1);
      try {
        answer(group);
      } catch (SQLException | RuntimeException failed) {
        group.forEach(waiting -> waiting.entry.completeExceptionally(failed));
      }
      group.clear();
    }
  }

  private @Nullable Waiting next() {
    try {
      return queue.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException spurious) {
      return null;
    }
  }

  private void answer(List<Waiting> group) throws SQLException {
    var first = new HashSet<String>();
    var uses = new ArrayList<Proofs.Use>();
    // INVARIANT: of two calls in one group with the same proof only the first may be fresh, and the
    // statement cannot tell them apart.
    for (Waiting waiting : group) {
      for (Proofs.Use use : waiting.proofs) {
        if (first.add(key(use.issuer(), use.id()))) {
          uses.add(use);
        }
      }
    }
    // In one order at every replica, so that two groups never wait for each other in a circle.
    uses.sort(Comparator.comparing(Proofs.Use::issuer).thenComparing(Proofs.Use::id));
    Instant now = clock.instant();
    List<Waiting> seen = toNote(group, now);
    Set<String> fresh = new HashSet<>();
    Map<String, Instant> gates = new HashMap<>();
    try (Connection connection = database.dataSource().getConnection();
        PreparedStatement statement = connection.prepareStatement(ENTER)) {
      bind(connection, statement, group, uses, seen, now);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          switch (rows.getString(1)) {
            case "used" -> fresh.add(key(rows.getString(2), rows.getString(3)));
            case "gate" ->
                gates.put(
                    key(rows.getString(2), rows.getString(3)),
                    rows.getObject(4, OffsetDateTime.class).toInstant());
            default -> {}
          }
        }
      }
    }
    seen.forEach(waiting -> noted.put(key(waiting.subject, waiting.client), now));
    for (Waiting waiting : group) {
      waiting.entry.complete(
          new Entry(takeAll(fresh, waiting.proofs), later(gates, waiting.subject, waiting.client)));
    }
  }

  /// The sessions that were not noted within the last minute, each once, in one order.
  private List<Waiting> toNote(List<Waiting> group, Instant now) {
    if (noted.size() > MOST_NOTED) {
      noted.clear();
    }
    var sessions = new TreeMap<String, Waiting>();
    for (Waiting waiting : group) {
      if (!waiting.subject.isEmpty() && !waiting.client.isEmpty()) {
        String key = key(waiting.subject, waiting.client);
        Instant last = noted.get(key);
        if (last == null || last.plus(NOTE_EVERY).isBefore(now)) {
          sessions.put(key, waiting);
        }
      }
    }
    return List.copyOf(sessions.values());
  }

  private static void bind(
      Connection connection,
      PreparedStatement statement,
      List<Waiting> group,
      List<Proofs.Use> uses,
      List<Waiting> seen,
      Instant now)
      throws SQLException {
    statement.setArray(1, texts(connection, uses.stream().map(Proofs.Use::issuer).toList()));
    statement.setArray(2, texts(connection, uses.stream().map(Proofs.Use::id).toList()));
    statement.setArray(
        3,
        connection.createArrayOf(
            "timestamptz",
            uses.stream()
                .map(use -> OffsetDateTime.ofInstant(use.expiresAt(), ZoneOffset.UTC))
                .toArray()));
    List<String> subjects = group.stream().map(Waiting::subject).toList();
    statement.setObject(4, OffsetDateTime.ofInstant(now, ZoneOffset.UTC));
    statement.setObject(5, OffsetDateTime.ofInstant(now, ZoneOffset.UTC));
    statement.setArray(6, texts(connection, seen.stream().map(_ -> Ids.random()).toList()));
    statement.setArray(7, texts(connection, seen.stream().map(Waiting::subject).toList()));
    statement.setArray(8, texts(connection, seen.stream().map(Waiting::client).toList()));
    statement.setArray(9, texts(connection, subjects));
    statement.setArray(10, texts(connection, subjects));
    statement.setArray(11, texts(connection, group.stream().map(Waiting::client).toList()));
  }

  private static Array texts(Connection connection, List<String> texts) throws SQLException {
    return connection.createArrayOf("text", texts.toArray());
  }

  /// Takes the proofs of one call; a proof that is not there was used before.
  private static Proofs.@Nullable Use takeAll(Set<String> fresh, List<Proofs.Use> proofs) {
    Proofs.@Nullable Use replayed = null;
    for (Proofs.Use use : proofs) {
      if (!fresh.remove(key(use.issuer(), use.id()))) {
        replayed = use;
      }
    }
    return replayed;
  }

  private static @Nullable Instant later(
      Map<String, Instant> gates, String subject, String client) {
    Instant person = gates.get(key(subject, ""));
    Instant session = gates.get(key(subject, client));
    if (person == null || session == null) {
      return person == null ? session : person;
    }
    return person.isAfter(session) ? person : session;
  }

  // The two parts cannot run into each other: no id that we accept holds a NUL.
  private static String key(String one, String two) {
    return one + '\0' + two;
  }

  /// Refuses new calls; those that wait are answered.
  @Override
  public void close() {
    closing = true;
  }

  private record Waiting(
      List<Proofs.Use> proofs, String subject, String client, CompletableFuture<Entry> entry) {}
}
