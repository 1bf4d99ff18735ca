package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.broker.Lease;
import dev.countersign.broker.LeaseId;
import dev.countersign.broker.LeaseJournal;
import dev.countersign.broker.LeaseSelection;
import dev.countersign.broker.MintLimits;
import dev.countersign.broker.OnBehalfOfToken;
import dev.countersign.broker.RevocationGate;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.TokenId;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The journal of leases in the broker's own schema.
public final class PgLeaseJournal implements LeaseJournal {
  private static final String COLUMNS =
      """
      subject, lease_id, role_name, database_name, database_user, presenter, client_id, token_issuer,
      token_id, token_issued_at, token_expires_at, issued_at, expires_at, longest_until, renewed_at,
      active_at, ending_at, ending_cause, transaction_id, ended_at
      """;

  /// Looks at the limits and writes, in one statement. Parameters: 1 subject, 2 now, 3 subject, 4
  /// lease, 5 role, 6 database, 7 user, 8 presenter, 9 client, 10 issuer, 11 token, 12 token
  /// issued, 13 token expires, 14 issued, 15 expires, 16 longest until, 17 most of a subject, 18
  /// most, 19 most overdue.
  private static final String PREPARE =
      """
      WITH counted AS (
           SELECT count(*) FILTER (WHERE subject = ?) AS mine,
                  count(*) AS total,
                  count(*) FILTER (WHERE expires_at <= ? OR attempts > 0) AS owed
             FROM lease
            WHERE recorded_at IS NULL
              AND ended_at IS NULL),
           written AS (
           INSERT INTO lease (subject, lease_id, role_name, database_name, database_user, presenter,
                              client_id, token_issuer, token_id, token_issued_at, token_expires_at,
                              issued_at, expires_at, longest_until)
           SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
             FROM counted
            WHERE mine < ?
              AND total < ?
              AND owed < ?
           ON CONFLICT (subject, token_issuer, token_id) DO NOTHING
           RETURNING 1)
      SELECT mine, total, owed, EXISTS (SELECT FROM written) AS is_written
        FROM counted
      """;

  private static final String BY_TOKEN =
      "SELECT " + COLUMNS + "FROM lease WHERE subject = ? AND token_issuer = ? AND token_id = ?";

  private static final String BY_ID = "SELECT " + COLUMNS + "FROM lease WHERE lease_id = ?";

  /// Parameters: 1 now, 2 subject, 3 lease.
  private static final String ACTIVATE =
      """
      UPDATE lease
         SET active_at = ?
       WHERE subject = ?
         AND lease_id = ?
         AND ending_at IS NULL
         AND NOT EXISTS (
             SELECT FROM revocation_gate g
              WHERE (g.name = lease.subject AND g.kind = 'SUBJECT'
                     AND g.closed_at >= lease.token_issued_at)
                 OR (g.name = lease.client_id AND g.kind = 'CLIENT'
                     AND g.closed_at >= lease.token_issued_at)
                 OR (g.name = lease.subject || E'\\n' || lease.client_id
                     AND g.kind = 'SESSION' AND g.closed_at >= lease.token_issued_at)
                 OR (g.name = lease.token_id AND g.kind = 'TOKEN'))
      """;

  /// Parameters: 1 expires, 2 now, 3 subject, 4 lease, 5 now.
  private static final String RENEW =
      """
      UPDATE lease
         SET expires_at = ?, renewed_at = ?
       WHERE subject = ?
         AND lease_id = ?
         AND active_at IS NOT NULL
         AND ending_at IS NULL
         AND expires_at > ?
      """;

  /// Parameters: 1 now, 2 cause, 3 transaction, 4 subject, 5 lease.
  private static final String MARK_ENDING =
      """
      UPDATE lease
         SET ending_at = ?, ending_cause = ?, transaction_id = ?
       WHERE subject = ?
         AND lease_id = ?
         AND ending_at IS NULL
      """;

  private static final String HOLD =
      "SELECT "
          + COLUMNS
          + "FROM lease WHERE subject = ? AND lease_id = ? AND ended_at IS NULL FOR UPDATE";

  /// Parameters: 1 now, 2 subject, 3 lease.
  private static final String MARK_ENDED =
      "UPDATE lease SET ended_at = ? WHERE subject = ? AND lease_id = ?";

  /// Waits 2, 4, 8 … seconds, at most a minute. Parameters: 1 now, 2 subject, 3 lease.
  private static final String PUT_OFF =
      """
      UPDATE lease
         SET attempts = attempts + 1,
             next_attempt_at
                 = ?::timestamptz + least(60, power(2, least(attempts + 1, 6))) * interval '1 second'
       WHERE subject = ?
         AND lease_id = ?
         AND ended_at IS NULL
      """;

  /// Parameters: 1 now, 2 database, 3 now, 4 now.
  private static final String PUT_OFF_ALL =
      """
      UPDATE lease
         SET attempts = attempts + 1,
             next_attempt_at
                 = ?::timestamptz + least(60, power(2, least(attempts + 1, 6))) * interval '1 second'
       WHERE recorded_at IS NULL
         AND ended_at IS NULL
         AND database_name = ?
         AND (expires_at <= ? OR ending_at IS NOT NULL)
         AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
      """;

  /// Parameters: 1 now, 2 subject, 3 lease.
  private static final String MARK_RECORDED =
      "UPDATE lease SET recorded_at = ? WHERE subject = ? AND lease_id = ? AND ended_at IS NOT NULL";

  /// Parameters: 1 now, 2 unfinished before, 3 now, 4 the most rows.
  private static final String DUE =
      "SELECT "
          + COLUMNS
          + """
            FROM lease
           WHERE recorded_at IS NULL
             AND ended_at IS NULL
             AND (expires_at <= ?
                  OR ending_at IS NOT NULL
                  OR (active_at IS NULL AND issued_at < ?))
             AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
           ORDER BY expires_at
           LIMIT ?
          """;

  /// Parameters: 1 ended before, 2 the most rows.
  private static final String UNRECORDED =
      "SELECT "
          + COLUMNS
          + "FROM lease WHERE recorded_at IS NULL AND ended_at < ? ORDER BY ended_at LIMIT ?";

  private static final String OPEN = "SELECT " + COLUMNS + "FROM lease WHERE ended_at IS NULL AND ";

  private static final String OF_SUBJECT = OPEN + "subject = ? ORDER BY issued_at";

  private static final String OF_CLIENT = OPEN + "client_id = ? ORDER BY issued_at";

  private static final String OF_SESSION =
      OPEN + "subject = ? AND client_id = ? ORDER BY issued_at";

  private static final String OF_TOKEN = OPEN + "token_id = ? ORDER BY issued_at";

  /// Parameters: 1 prefix, 2 presenter or empty, 3 presenter or empty.
  private static final String WITH_PREFIX =
      OPEN + "starts_with(lease_id, ?) AND (? = '' OR presenter = ?) ORDER BY issued_at";

  private static final String OPEN_USERS =
      "SELECT database_user FROM lease WHERE database_user = ANY (?) AND ended_at IS NULL";

  /// Parameters: 1 now.
  private static final String OVERDUE =
      """
      SELECT count(*)
        FROM lease
       WHERE recorded_at IS NULL
         AND ended_at IS NULL
         AND (expires_at <= ? OR attempts > 0)
      """;

  /// Parameters: 1 kind, 2 name, 3 now, 4 transaction.
  private static final String CLOSE_GATE =
      """
      INSERT INTO revocation_gate AS g (kind, name, closed_at, transaction_id)
      VALUES (?, ?, ?, ?)
      ON CONFLICT (name, kind) DO UPDATE
         SET closed_at = greatest(g.closed_at, EXCLUDED.closed_at),
             transaction_id = EXCLUDED.transaction_id
       WHERE g.transaction_id <> EXCLUDED.transaction_id
      """;

  /// Parameters: 1 subject, 2 issued, 3 client, 4 issued, 5 subject, 6 client, 7 issued, 8 token.
  private static final String REVOKED =
      """
      SELECT kind
        FROM revocation_gate
       WHERE (name = ? AND kind = 'SUBJECT' AND closed_at >= ?)
          OR (name = ? AND kind = 'CLIENT' AND closed_at >= ?)
          OR (name = ? || E'\\n' || ? AND kind = 'SESSION' AND closed_at >= ?)
          OR (name = ? AND kind = 'TOKEN')
       ORDER BY kind = 'SUBJECT' DESC
       LIMIT 1
      """;

  /// Parameters: 1 token, 2 issuer, 3 token, 4 issuer.
  private static final String WAS_USED =
      """
      SELECT EXISTS (SELECT FROM lease WHERE token_id = ? AND token_issuer = ?)
          OR EXISTS (SELECT FROM vault_session WHERE token_id = ? AND token_issuer = ?)
      """;

  /// Parameters: 1 and 2 forget what was over before.
  private static final String FORGET_LEASES =
      "DELETE FROM lease WHERE recorded_at < ? AND token_expires_at < ?";

  /// A token lives minutes, so its gate need not be kept for ever. Parameters: 1 closed before.
  private static final String FORGET_TOKEN_GATES =
      "DELETE FROM revocation_gate WHERE kind = 'TOKEN' AND closed_at < ?";

  private static final String FORGET_ASSERTIONS = "DELETE FROM used_assertion WHERE expires_at < ?";

  private final Database database;

  public PgLeaseJournal(Database database) {
    this.database = database;
  }

  @Override
  public Preparation prepare(Lease lease, MintLimits limits) {
    Optional<Preparation> first =
        database.query(connection -> {
          try (var statement = connection.prepareStatement(PREPARE)) {
            bind(
                statement,
                lease.subject(),
                lease.issuedAt(),
                lease.subject(),
                lease.id().text(),
                lease.role(),
                lease.database(),
                lease.user().text(),
                lease.presenter(),
                lease.client(),
                lease.token().issuer(),
                lease.token().jti(),
                lease.tokenIssuedAt(),
                lease.tokenExpiresAt(),
                lease.issuedAt(),
                lease.expiresAt(),
                lease.longestUntil(),
                limits.perSubject(),
                limits.total(),
                limits.debt());
            try (ResultSet row = statement.executeQuery()) {
              row.next();
              return row.getBoolean("is_written")
                  ? Optional.of(new Preparation.Prepared())
                  : overLimit(row, limits);
            }
          }
        });
    if (first.isPresent() && first.get() instanceof Preparation.Prepared prepared) {
      return prepared;
    }
    Optional<Lease> before =
        database
            .query(connection ->
                leases(
                    connection,
                    BY_TOKEN,
                    lease.subject(),
                    lease.token().issuer(),
                    lease.token().jti()))
            .stream()
            .findFirst();
    return before
        .<Preparation>map(Preparation.Used::new)
        .or(() -> first)
        .orElseThrow(() -> new UnavailableException("the journal changed meanwhile", null));
  }

  private static Optional<Preparation> overLimit(ResultSet row, MintLimits limits)
      throws SQLException {
    if (row.getLong("owed") >= limits.debt()) {
      return Optional.of(
          new Preparation.OverLimit("too many leases are overdue: a target database is away"));
    }
    if (row.getLong("total") >= limits.total()) {
      return Optional.of(new Preparation.OverLimit("too many leases are open"));
    }
    return row.getLong("mine") >= limits.perSubject()
        ? Optional.of(new Preparation.OverLimit("too many leases of this subject are open"))
        : Optional.empty();
  }

  @Override
  public boolean activate(Lease lease, Instant now) {
    return change(ACTIVATE, now, lease.subject(), lease.id().text()) == 1;
  }

  @Override
  public Optional<Lease> find(LeaseId id) {
    return database.query(connection -> leases(connection, BY_ID, id.text())).stream().findFirst();
  }

  @Override
  public void markEnding(Lease lease, Lease.Cause cause, String transaction, Instant now) {
    change(MARK_ENDING, now, cause.name(), transaction, lease.subject(), lease.id().text());
  }

  @Override
  public Optional<Ended> end(Lease lease, Instant now, Consumer<Lease> drop) {
    try {
      return database.transaction(connection -> {
        List<Ended> held = ends(connection, HOLD, lease.subject(), lease.id().text());
        if (held.isEmpty()) {
          return Optional.empty();
        }
        drop.accept(lease);
        update(connection, MARK_ENDED, now, lease.subject(), lease.id().text());
        return Optional.of(held.getFirst());
      });
    } catch (RuntimeException failed) {
      change(PUT_OFF, now, lease.subject(), lease.id().text());
      throw failed;
    }
  }

  @Override
  public void putOff(String database, Instant now) {
    change(PUT_OFF_ALL, now, database, now, now);
  }

  @Override
  public void markRecorded(Lease lease, Instant now) {
    change(MARK_RECORDED, now, lease.subject(), lease.id().text());
  }

  @Override
  public List<Lease> due(Instant now, Instant unfinishedBefore, int limit) {
    return database.query(connection -> leases(connection, DUE, now, unfinishedBefore, now, limit));
  }

  @Override
  public List<Ended> unrecorded(Instant endedBefore, int limit) {
    return database.query(connection -> ends(connection, UNRECORDED, endedBefore, limit));
  }

  @Override
  public boolean renew(Lease renewed, Instant now) {
    return change(RENEW, renewed.expiresAt(), now, renewed.subject(), renewed.id().text(), now)
        == 1;
  }

  @Override
  public List<Lease> open(LeaseSelection selection) {
    return database.query(connection ->
        switch (selection) {
          case LeaseSelection.OfSubject(String subject) -> leases(connection, OF_SUBJECT, subject);
          case LeaseSelection.OfClient(String client) -> leases(connection, OF_CLIENT, client);
          case LeaseSelection.OfSession(String subject, String client) ->
              leases(connection, OF_SESSION, subject, client);
          case LeaseSelection.OfToken(String jti) -> leases(connection, OF_TOKEN, jti);
          case LeaseSelection.WithPrefix(String prefix, String presenter) ->
              leases(connection, WITH_PREFIX, prefix, presenter, presenter);
        });
  }

  @Override
  public List<SqlName> openUsers(List<SqlName> users) {
    if (users.isEmpty()) {
      return List.of();
    }
    return database.query(connection -> {
      try (var statement = connection.prepareStatement(OPEN_USERS)) {
        statement.setArray(
            1,
            connection.createArrayOf(
                "text", users.stream().map(SqlName::text).toArray(String[]::new)));
        var open = new ArrayList<SqlName>();
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            open.add(new SqlName(rows.getString("database_user")));
          }
        }
        return List.copyOf(open);
      }
    });
  }

  @Override
  public long overdue(Instant now) {
    return database.query(connection -> {
      try (var statement = connection.prepareStatement(OVERDUE)) {
        bind(statement, now);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          return rows.getLong(1);
        }
      }
    });
  }

  @Override
  public void closeGate(RevocationGate gate, String transaction, Instant now) {
    change(CLOSE_GATE, gate.kind().name(), gate.name(), now, transaction);
  }

  @Override
  public Optional<RevocationGate.Kind> revoked(OnBehalfOfToken token) {
    return database.query(connection -> {
      try (var statement = connection.prepareStatement(REVOKED)) {
        bind(
            statement,
            token.subject(),
            token.issuedAt(),
            token.client(),
            token.issuedAt(),
            token.subject(),
            token.client(),
            token.issuedAt(),
            token.id().jti());
        try (ResultSet rows = statement.executeQuery()) {
          return rows.next()
              ? Optional.of(RevocationGate.Kind.valueOf(rows.getString("kind")))
              : Optional.<RevocationGate.Kind>empty();
        }
      }
    });
  }

  @Override
  public boolean wasUsed(TokenId token) {
    return database.query(connection -> {
      try (var statement = connection.prepareStatement(WAS_USED)) {
        bind(statement, token.jti(), token.issuer(), token.jti(), token.issuer());
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          return rows.getBoolean(1);
        }
      }
    });
  }

  @Override
  public void forget(Instant now, Duration age) {
    change(FORGET_LEASES, now.minus(age), now.minus(age));
    change(FORGET_TOKEN_GATES, now.minus(age));
    change(FORGET_ASSERTIONS, now);
  }

  private int change(String sql, Object... parameters) {
    return database.query(connection -> update(connection, sql, parameters));
  }

  private static int update(Connection connection, String sql, Object... parameters)
      throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      bind(statement, parameters);
      return statement.executeUpdate();
    }
  }

  private static void bind(PreparedStatement statement, Object... parameters) throws SQLException {
    for (int i = 0; i < parameters.length; i++) {
      Object value = parameters[i];
      statement.setObject(
          i + 1, value instanceof Instant time ? time.atOffset(ZoneOffset.UTC) : value);
    }
  }

  private static List<Lease> leases(Connection connection, String sql, Object... parameters)
      throws SQLException {
    return ends(connection, sql, parameters).stream().map(Ended::lease).toList();
  }

  private static List<Ended> ends(Connection connection, String sql, Object... parameters)
      throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      bind(statement, parameters);
      var found = new ArrayList<Ended>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(read(rows));
        }
      }
      return List.copyOf(found);
    }
  }

  private static Ended read(ResultSet row) throws SQLException {
    String cause = row.getString("ending_cause");
    String transaction = row.getString("transaction_id");
    var lease =
        new Lease(
            new LeaseId(row.getString("lease_id")),
            row.getString("role_name"),
            row.getString("database_name"),
            new SqlName(row.getString("database_user")),
            row.getString("presenter"),
            row.getString("subject"),
            row.getString("client_id"),
            new TokenId(row.getString("token_issuer"), row.getString("token_id")),
            instant(row, "token_issued_at"),
            instant(row, "token_expires_at"),
            instant(row, "issued_at"),
            instant(row, "expires_at"),
            instant(row, "longest_until"),
            Optional.ofNullable(maybeInstant(row, "renewed_at")),
            state(row));
    return new Ended(
        lease,
        cause == null ? Lease.Cause.UNFINISHED : Lease.Cause.valueOf(cause),
        transaction == null ? "" : transaction);
  }

  private static Lease.State state(ResultSet row) throws SQLException {
    String cause = row.getString("ending_cause");
    if (cause == null) {
      return maybeInstant(row, "active_at") == null
          ? new Lease.State.Prepared()
          : new Lease.State.Active();
    }
    Instant ended = maybeInstant(row, "ended_at");
    return ended == null
        ? new Lease.State.Ending(Lease.Cause.valueOf(cause))
        : new Lease.State.Ended(ended, Lease.Cause.valueOf(cause));
  }

  private static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static @Nullable Instant maybeInstant(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}
