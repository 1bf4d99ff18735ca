package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.Together;
import dev.countersign.protocol.Ids;
import dev.countersign.sts.Entrance;
import dev.countersign.sts.SessionStore;
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
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The first look at the database, for all calls that wait at the same moment in one statement.
///
/// The uses of proofs are committed without waiting for the disk: no answer leaves before the
/// ledger's own commit, which comes later in the same log and takes them along.
///
/// Threads may share it.
public final class PgEntrance implements Entrance {
  private static final int LARGEST_GROUP = 100;
  private static final int SECONDS_PER_MINUTE = 60;
  private static final Duration NOTE_EVERY = Duration.ofMinutes(1);
  private static final int MOST_NOTED = 100_000;

  /// Parameters: 1 to 3 issuers, ids and ends of proofs; 4 and 5 now; 6 to 8 ids, subjects and
  /// clients of sessions to note; 9 this minute; 10 to 12 ids, uses and ends of subject tokens; 13
  /// subjects; 14 and 15 subjects and clients in pairs, each client also with everybody.
  private static final String FORGET = "DELETE FROM token_use WHERE expires_at < ?";

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
               DO UPDATE SET last_seen_at = greatest(old.last_seen_at, excluded.last_seen_at)),
           counted AS (
           INSERT INTO token_use AS old (id, minute, in_minute, in_all, expires_at)
           SELECT id, ?, uses, uses, expires_at
             FROM unnest(?::text[], ?::integer[], ?::timestamptz[]) AS t (id, uses, expires_at)
               ON CONFLICT (id)
               DO UPDATE SET minute    = excluded.minute,
                             in_minute = excluded.in_minute
                                       + CASE WHEN old.minute = excluded.minute
                                              THEN old.in_minute ELSE 0 END,
                             in_all    = old.in_all + excluded.in_all
           RETURNING id, in_minute, in_all)
      SELECT 'used' AS what, issuer AS one, id AS two, NULL::timestamptz AS at,
             0 AS in_minute, 0 AS in_all
        FROM used
      UNION ALL
      SELECT 'count', id, '', NULL, in_minute, in_all FROM counted
      UNION ALL
      SELECT 'gate', subject, '', closed_at, 0, 0
        FROM person
       WHERE subject = ANY (?::text[])
         AND closed_at IS NOT NULL
      UNION ALL
      SELECT 'gate', subject, client_id, ended_at, 0, 0
        FROM session
       WHERE (subject, client_id) IN (SELECT * FROM unnest(?::text[], ?::text[]))
         AND ended_at IS NOT NULL
      UNION ALL
      SELECT 'mode', set_config('synchronous_commit', 'off', true), '', NULL, 0, 0
      """;

  private final Database database;
  private final InstantSource clock;
  private final Map<String, Instant> noted = new ConcurrentHashMap<>();
  private final Together<Caller, Entry> callers = new Together<>(LARGEST_GROUP, this::answer);

  public PgEntrance(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public Entry enter(
      List<Proofs.Use> proofs, String subject, String client, @Nullable Token token) {
    return callers.ask(new Caller(proofs, subject, client, token));
  }

  /// Forgets tokens that nobody can exchange any more.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now));
  }

  private List<Entry> answer(List<Caller> group) {
    var first = new HashSet<String>();
    var uses = new ArrayList<Proofs.Use>();
    // INVARIANT: of two calls in one group with the same proof only the first may be fresh, and the
    // statement cannot tell them apart.
    for (Caller caller : group) {
      for (Proofs.Use use : caller.proofs) {
        if (first.add(key(use.issuer(), use.id()))) {
          uses.add(use);
        }
      }
    }
    // In one order at every replica, so that two groups never wait for each other in a circle.
    uses.sort(Comparator.comparing(Proofs.Use::issuer).thenComparing(Proofs.Use::id));
    Instant now = clock.instant();
    List<Caller> seen = toNote(group, now);
    SortedMap<String, Counted> tokens = tokens(group);
    Set<String> fresh = new HashSet<>();
    Map<String, Instant> gates = new HashMap<>();
    database.query(connection -> {
      try (PreparedStatement statement = connection.prepareStatement(ENTER)) {
        bind(connection, statement, group, uses, seen, tokens, now);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            read(rows, fresh, gates, tokens);
          }
        }
      }
      return group;
    });
    seen.forEach(caller -> noted.put(key(caller.subject, caller.client), now));
    return group.stream()
        .map(caller ->
            new Entry(
                takeAll(fresh, caller.proofs),
                latest(gates, caller.subject, caller.client),
                caller.token == null
                    ? Uses.NONE
                    : Objects.requireNonNull(tokens.get(caller.token.id())).next()))
        .toList();
  }

  /// The subject tokens of a group, each once, in one order.
  private static SortedMap<String, Counted> tokens(List<Caller> group) {
    var tokens = new TreeMap<String, Counted>();
    for (Caller caller : group) {
      if (caller.token != null) {
        tokens.computeIfAbsent(caller.token.id(), _ -> new Counted(caller.token)).uses++;
      }
    }
    return tokens;
  }

  private static void read(
      ResultSet row, Set<String> fresh, Map<String, Instant> gates, Map<String, Counted> tokens)
      throws SQLException {
    switch (row.getString(1)) {
      case "used" -> fresh.add(key(row.getString(2), row.getString(3)));
      case "count" ->
          Objects.requireNonNull(tokens.get(row.getString(2))).are(row.getInt(5), row.getInt(6));
      case "gate" ->
          gates.put(
              key(row.getString(2), row.getString(3)),
              row.getObject(4, OffsetDateTime.class).toInstant());
      default -> {}
    }
  }

  /// The sessions that were not noted within the last minute, each once, in one order.
  private List<Caller> toNote(List<Caller> group, Instant now) {
    if (noted.size() > MOST_NOTED) {
      noted.clear();
    }
    var sessions = new TreeMap<String, Caller>();
    for (Caller caller : group) {
      if (!caller.subject.isEmpty() && !caller.client.isEmpty()) {
        String key = key(caller.subject, caller.client);
        Instant last = noted.get(key);
        if (last == null || last.plus(NOTE_EVERY).isBefore(now)) {
          sessions.put(key, caller);
        }
      }
    }
    return List.copyOf(sessions.values());
  }

  private static void bind(
      Connection connection,
      PreparedStatement statement,
      List<Caller> group,
      List<Proofs.Use> uses,
      List<Caller> seen,
      SortedMap<String, Counted> tokens,
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
    List<String> subjects = group.stream().map(Caller::subject).toList();
    statement.setObject(4, OffsetDateTime.ofInstant(now, ZoneOffset.UTC));
    statement.setObject(5, OffsetDateTime.ofInstant(now, ZoneOffset.UTC));
    statement.setArray(6, texts(connection, seen.stream().map(_ -> Ids.random()).toList()));
    statement.setArray(7, texts(connection, seen.stream().map(Caller::subject).toList()));
    statement.setArray(8, texts(connection, seen.stream().map(Caller::client).toList()));
    statement.setLong(9, Math.floorDiv(now.getEpochSecond(), SECONDS_PER_MINUTE));
    statement.setArray(10, texts(connection, List.copyOf(tokens.keySet())));
    statement.setArray(
        11,
        connection.createArrayOf(
            "integer", tokens.values().stream().map(token -> token.uses).toArray()));
    statement.setArray(
        12,
        connection.createArrayOf(
            "timestamptz",
            tokens.values().stream()
                .map(token -> OffsetDateTime.ofInstant(token.token.expiresAt(), ZoneOffset.UTC))
                .toArray()));
    statement.setArray(13, texts(connection, subjects));
    List<String> clients = group.stream().map(Caller::client).toList();
    List<String> everybody = Collections.nCopies(clients.size(), SessionStore.EVERYBODY);
    statement.setArray(14, texts(connection, both(subjects, everybody)));
    statement.setArray(15, texts(connection, both(clients, clients)));
  }

  private static List<String> both(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
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

  private static @Nullable Instant latest(
      Map<String, Instant> gates, String subject, String client) {
    return Stream.of(key(subject, ""), key(subject, client), key(SessionStore.EVERYBODY, client))
        .map(gates::get)
        .filter(Objects::nonNull)
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  // The two parts cannot run into each other: no id that we accept holds a NUL.
  private static String key(String one, String two) {
    return one + '\0' + two;
  }

  private record Caller(
      List<Proofs.Use> proofs, String subject, String client, @Nullable Token token) {}

  /// One token of a group: how often it comes in it, and how often it came in all.
  private static final class Counted {
    private final Token token;
    private int uses;
    private int inMinute;
    private int inAll;

    Counted(Token token) {
      this.token = token;
    }

    /// @param nowInMinute with all of the group
    void are(int nowInMinute, int nowInAll) {
      inMinute = nowInMinute - uses;
      inAll = nowInAll - uses;
    }

    /// The count of the next caller: of several in one group each is one more.
    Uses next() {
      return new Uses(++inMinute, ++inAll);
    }
  }
}
