package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientStore;
import dev.countersign.sts.clients.Registration;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/// Clients that commands registered. A replica reads a client once and forgets all of them when any
/// has changed, which it asks at most once a second. Threads may share it.
public final class PgClients implements ClientStore {
  private static final long LOOK_EVERY = Duration.ofSeconds(1).toNanos();
  private static final int MOST_KNOWN = 20_000;

  private static final String VERSION = "SELECT coalesce(max(version), 0) FROM client";

  private static final String READ =
      "SELECT registration FROM client WHERE client_id = ? AND removed_at IS NULL";

  private static final String ALL =
      """
      SELECT client_id, registration
        FROM client
       WHERE removed_at IS NULL
       ORDER BY client_id
      """;

  /// Writers take turns, so that versions are seen in the order of their commits.
  private static final String TURN =
      "SELECT pg_advisory_xact_lock(hashtext('countersign sts clients'))";

  private static final String ADD =
      """
      INSERT INTO client AS old (client_id, registration, version, changed_at)
      VALUES (?, ?::jsonb, nextval('client_version'), ?)
          ON CONFLICT (client_id)
          DO UPDATE SET registration = excluded.registration,
                        version      = excluded.version,
                        changed_at   = excluded.changed_at,
                        removed_at   = NULL
                  WHERE old.removed_at IS NOT NULL
      """;

  private static final String CHANGE =
      """
      UPDATE client
         SET registration = ?::jsonb, version = nextval('client_version'), changed_at = ?
       WHERE client_id = ?
      """;

  private static final String REMOVE =
      """
      UPDATE client
         SET removed_at = ?, version = nextval('client_version'), changed_at = ?
       WHERE client_id = ?
         AND removed_at IS NULL
      """;

  private final Database database;
  private final InstantSource clock;
  private final Map<String, Optional<Client>> known = new ConcurrentHashMap<>();
  private final AtomicLong lastLook = new AtomicLong(System.nanoTime() - LOOK_EVERY);
  private volatile long version = -1;

  public PgClients(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public Optional<Client> find(String id) {
    if (id.isEmpty() || id.length() > 128) {
      return Optional.empty();
    }
    look();
    Optional<Client> found = known.get(id);
    if (found == null) {
      if (known.size() >= MOST_KNOWN) {
        known.clear();
      }
      long before = version;
      found =
          database
              .query(connection -> read(connection, id))
              .map(registration -> registration.client(id, clock));
      if (before == version) {
        known.put(id, found);
      }
    }
    return found;
  }

  /// Asks whether anything has changed, for everybody, once a second.
  ///
  /// @throws dev.countersign.box.DatabaseAway if nobody can tell: an old registration may be one
  ///   that was taken away
  private void look() {
    long last = lastLook.get();
    long now = System.nanoTime();
    if (now - last < LOOK_EVERY || !lastLook.compareAndSet(last, now)) {
      return;
    }
    try {
      long latest =
          database.query(connection -> {
            try (var statement = Sql.bind(connection, VERSION);
                ResultSet row = statement.executeQuery()) {
              row.next();
              return row.getLong(1);
            }
          });
      if (latest != version) {
        version = latest;
        known.clear();
      }
    } catch (RuntimeException away) {
      known.clear();
      lastLook.set(last);
      throw away;
    }
  }

  private static Optional<Registration> read(Connection connection, String id) throws SQLException {
    try (var statement = Sql.bind(connection, READ, id);
        ResultSet row = statement.executeQuery()) {
      return row.next()
          ? Optional.of(Registration.parse(row.getString("registration")))
          : Optional.empty();
    }
  }

  /// Every registered client.
  public SortedMap<String, Registration> all() {
    return database.query(connection -> {
      var all = new TreeMap<String, Registration>();
      try (var statement = Sql.bind(connection, ALL);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          all.put(rows.getString("client_id"), Registration.parse(rows.getString("registration")));
        }
      }
      return all;
    });
  }

  /// Registers a client.
  ///
  /// @return false if there is one with this id
  /// @throws IllegalArgumentException if the registration does not describe a client
  public boolean add(String id, Registration registration) {
    registration.client(id, clock);
    return database.transaction(connection -> {
      takeTurn(connection);
      return Sql.update(connection, ADD, id, registration.write(), clock.instant()) == 1;
    });
  }

  /// Changes a client.
  ///
  /// @return false if there is none with this id
  /// @throws IllegalArgumentException if the registration would not describe a client any more
  public boolean change(String id, UnaryOperator<Registration> change) {
    return database.transaction(connection -> {
      takeTurn(connection);
      Optional<Registration> current = read(connection, id);
      if (current.isEmpty()) {
        return false;
      }
      Registration changed = change.apply(current.get());
      changed.client(id, clock);
      return Sql.update(connection, CHANGE, changed.write(), clock.instant(), id) == 1;
    });
  }

  /// Takes a client away.
  ///
  /// @return false if there is none with this id
  public boolean remove(String id) {
    Instant now = clock.instant();
    return database.transaction(connection -> {
      takeTurn(connection);
      return Sql.update(connection, REMOVE, now, now, id) == 1;
    });
  }

  private static void takeTurn(Connection connection) throws SQLException {
    try (var statement = connection.prepareStatement(TURN)) {
      statement.execute();
    }
  }
}
