package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.Actor;
import dev.countersign.sts.Kill;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.Approvals;
import dev.countersign.sts.stepup.DeliveryAddresses;
import dev.countersign.sts.stepup.OneTimeCodes.SealedCode;
import dev.countersign.sts.stepup.Passkeys;
import dev.countersign.sts.stepup.StepUps;
import dev.countersign.sts.stepup.Visitor;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Approvals. Everything that changes what a person may do locks the person's row first, then the
/// approval's, so that two changes never wait for each other in a circle. Threads may share it.
public final class PgApprovals implements Approvals {
  private static final String WRONG = "wrong";
  private static final String PROMPT = "prompt";
  private static final Duration HOUR = Duration.ofHours(1);

  private static final String KNOW_PERSON =
      "INSERT INTO person (subject) VALUES (?) ON CONFLICT DO NOTHING";

  private static final String LOCK_PERSON =
      "SELECT subject FROM person WHERE subject = ? FOR UPDATE";

  private static final String CLEAR_EXPIRED =
      """
      UPDATE approval
         SET open_key = NULL
       WHERE open_key = ?
         AND expires_at <= ?
      """;

  /// The newest subject token counts in the second leg.
  private static final String FIND_OPEN =
      """
      UPDATE approval
         SET person = ?::jsonb
       WHERE open_key = ?
      RETURNING *
      """;

  private static final String INSERT =
      """
      INSERT INTO approval
             (id, open_key, jti, subject, person, actor, client_id, agent, audience, scope, details,
              details_digest, policy_version, lines, sent_to, created_at, expires_at, factors,
              use_within_seconds, approvers, requester)
      VALUES (?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?::jsonb, ?, ?, ?::jsonb, ?, ?, ?, ?, ?,
              ?::jsonb, ?)
      RETURNING *
      """;

  private static final String KEEP_ADDRESS =
      """
      INSERT INTO approval_address (approval_id, factor, sealed, masked)
      VALUES (?, ?, ?, ?)
      """;

  /// Parameters: 1 subject, 2 factor, 3 digest, 4 now, 5 subject, 6 factor. The person's row is
  /// locked, so of two addresses only one is the first.
  private static final String KNOW_ADDRESS =
      """
      INSERT INTO delivery_address (subject, factor, digest, first_seen_at, is_first)
      VALUES (?, ?, ?, ?,
              NOT EXISTS (SELECT 1 FROM delivery_address WHERE subject = ? AND factor = ?))
          ON CONFLICT DO NOTHING
      """;

  /// Parameters: 1 digest, 2 subject, 3 factor.
  private static final String KNOWN_SINCE =
      """
      SELECT first_seen_at, is_first
        FROM delivery_address
       WHERE digest = ?
         AND subject = ?
         AND factor = ?
      """;

  private static final String FIND_ADDRESS =
      """
      SELECT sealed, masked
        FROM approval_address
       WHERE approval_id = ?
         AND factor = ?
      """;

  private static final String FORGET_ADDRESSES =
      "DELETE FROM approval_address WHERE approval_id = ?";

  /// Parameters: 1 id, 2 whether again, 3 claims before this are free.
  private static final String FREE_TO_SEND =
      """
      SELECT id
        FROM approval
       WHERE id = ?
         AND answer IS NULL
         AND (? OR (sent_at IS NULL AND (send_claimed_at IS NULL OR send_claimed_at < ?)))
         FOR UPDATE
      """;

  private static final String CLAIM_SENDING =
      """
      UPDATE approval
         SET code_salt = ?, code_digest = ?, send_claimed_at = ?, channel = ?, sent_to = ?,
             code_for = ?, failure = NULL,
             sent_at = CASE WHEN code_for IS NOT DISTINCT FROM ? THEN sent_at END
       WHERE id = ?
      """;

  private static final String SENT = "UPDATE approval SET sent_at = ? WHERE id = ?";

  private static final String NOT_SENT =
      """
      UPDATE approval
         SET failure         = ?,
             send_claimed_at = CASE WHEN channel = ? THEN NULL ELSE send_claimed_at END,
             sent_at         = CASE WHEN channel = ? THEN NULL ELSE sent_at END
       WHERE id = ?
      """;

  private static final String COUNT =
      "INSERT INTO step_up_count (subject, what, at) VALUES (?, ?, ?)";

  private static final String COUNTED =
      "SELECT count(*) FROM step_up_count WHERE subject = ? AND what = ? AND at > ?";

  private static final String LIST =
      """
      SELECT *
        FROM approval
       WHERE ? = '' OR subject = ?
       ORDER BY created_at DESC
       LIMIT ?
      """;

  private static final List<String> FORGET =
      List.of(
          "DELETE FROM step_up_count WHERE at < ?",
          "DELETE FROM page_attempt WHERE started_at < ?",
          "DELETE FROM page_visit WHERE expires_at < ?",
          """
          DELETE FROM approval_address
           WHERE approval_id IN (SELECT id FROM approval WHERE expires_at < ?)
          """);

  private static final String FIND = "SELECT * FROM approval WHERE id = ?";

  /// Parameters: 1 id, 2 subject, 3 the visitor's marks.
  private static final String FIND_OF =
      """
      SELECT *
        FROM approval
       WHERE id = ?
         AND (subject = ?
              OR (approvers IS NOT NULL
                  AND NOT EXISTS (SELECT 1
                                    FROM jsonb_array_elements(approvers) AS one(marks)
                                   WHERE NOT marks ??| ?)))
      """;

  private static final String CLAIM_INVITING =
      """
      UPDATE approval
         SET invited_at = ?
       WHERE id = ?
         AND invited_at IS NULL
         AND answer IS NULL
      """;

  private static final String LOCKED_OUT = "SELECT closed_at FROM person WHERE subject = ?";

  private static final String FIND_OF_CLIENT =
      "SELECT * FROM approval WHERE id = ? AND client_id = ?";

  /// Parameters: 1 id, 2 client, 3 now, 4 now.
  private static final String POLL =
      """
      WITH before AS (
           SELECT id, polled_at, poll_interval
             FROM approval
            WHERE id = ?
              AND client_id = ?
              FOR UPDATE)
      UPDATE approval
         SET polled_at     = ?,
             poll_interval = before.poll_interval
                             + CASE WHEN before.polled_at
                                         + make_interval(secs => before.poll_interval) > ?
                                    THEN 5 ELSE 0 END
        FROM before
       WHERE approval.id = before.id
      RETURNING approval.*, approval.poll_interval > before.poll_interval AS too_soon
      """;

  private static final String LOCK = "SELECT * FROM approval WHERE id = ? FOR UPDATE";

  private static final String TRY = "UPDATE approval SET tries = tries + 1 WHERE id = ?";

  private static final String ANSWER =
      """
      UPDATE approval
         SET answer = ?, answered_at = ?, answered_by = ?, expires_at = ?,
             open_key = CASE WHEN ? = 'approved' THEN open_key END
       WHERE id = ?
         AND answer IS NULL
      """;

  private static final String WITHDRAW =
      """
      UPDATE approval
         SET answer = 'cancelled', answered_at = ?, open_key = NULL
       WHERE id = ?
         AND consumed_at IS NULL
         AND (answer IS NULL OR answer = 'approved')
      """;

  private static final String CONSUME =
      """
      UPDATE approval
         SET consumed_at = ?, open_key = NULL
       WHERE id = ?
         AND answer = 'approved'
         AND consumed_at IS NULL
      """;

  private static final String STRIKE =
      "INSERT INTO strike (subject, approval_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";

  private static final String COUNT_STRIKES =
      "SELECT count(*) FROM strike WHERE subject = ? AND at > ?";

  private static final String CLEAR_STRIKES = "DELETE FROM strike WHERE subject = ?";

  private final Database database;
  private final PgGate gate;

  public PgApprovals(Database database, PgGate gate) {
    this.database = database;
    this.gate = gate;
  }

  @Override
  public Opened open(
      Approval draft,
      String key,
      List<DeliveryAddresses.Kept> addresses,
      Duration cooling,
      int promptsPerHour) {
    return database.transaction(connection -> {
      String subject = draft.person().key();
      Instant now = draft.createdAt();
      Sql.update(connection, KNOW_PERSON, subject);
      lock(connection, subject);
      Sql.update(connection, CLEAR_EXPIRED, key, now);
      Optional<Approval> open = one(connection, FIND_OPEN, SubjectJson.write(draft.person()), key);
      if (open.isPresent()) {
        return new Opened.Open(open.get(), Map.of());
      }
      if (counted(connection, subject, PROMPT, now.minus(HOUR)) >= promptsPerHour) {
        return new Opened.TooMany();
      }
      Sql.update(connection, COUNT, subject, PROMPT, now);
      Approval opened = insert(connection, draft, key);
      var withheld = new EnumMap<Factor, Instant>(Factor.class);
      for (DeliveryAddresses.Kept kept : addresses) {
        Optional<Instant> from =
            usableFrom(connection, subject, kept.factor(), kept.digest(), cooling, now);
        if (from.isPresent()) {
          withheld.put(kept.factor(), from.get());
          continue;
        }
        Sql.update(
            connection,
            KEEP_ADDRESS,
            opened.id(),
            kept.factor().code(),
            kept.sealed(),
            kept.masked());
      }
      return new Opened.Open(opened, withheld);
    });
  }

  @Override
  public Optional<Instant> usableFrom(
      String subject, Factor factor, String digest, Duration cooling, Instant now) {
    return database.transaction(connection -> {
      Sql.update(connection, KNOW_PERSON, subject);
      lock(connection, subject);
      return usableFrom(connection, subject, factor, digest, cooling, now);
    });
  }

  private static Optional<Instant> usableFrom(
      Connection connection,
      String subject,
      Factor kind,
      String digest,
      Duration cooling,
      Instant now)
      throws SQLException {
    String factor = kind.code();
    Sql.update(connection, KNOW_ADDRESS, subject, factor, digest, now, subject, factor);
    try (var statement = Sql.bind(connection, KNOWN_SINCE, digest, subject, factor);
        ResultSet row = statement.executeQuery()) {
      row.next();
      Instant since = Sql.instant(row, "first_seen_at");
      boolean isFirst = row.getBoolean("is_first");
      Instant from = since.plus(cooling);
      return isFirst || !now.isBefore(from) ? Optional.empty() : Optional.of(from);
    }
  }

  private static Approval insert(Connection connection, Approval draft, String key)
      throws SQLException {
    return one(
            connection,
            INSERT,
            draft.id(),
            key,
            draft.jti(),
            draft.person().key(),
            SubjectJson.write(draft.person()),
            draft.actor().stored(),
            draft.client(),
            draft.agent(),
            draft.audience(),
            draft.scope(),
            draft.details().canonical(),
            draft.details().digest(),
            draft.policyVersion(),
            lines(draft.lines()),
            draft.sentTo(),
            draft.createdAt(),
            draft.expiresAt(),
            draft.factors().isEmpty()
                ? null
                : draft.factors().stream().map(Factor::name).collect(Collectors.joining(" ")),
            draft.useWithin() == null ? null : (int) draft.useWithin().toSeconds(),
            draft.needsAnother() ? MarksJson.write(draft.approvers()) : null,
            draft.needsAnother() ? draft.requester() : null)
        .orElseThrow();
  }

  @Override
  public Claim claimSending(String id, Sending sending) {
    String subject = sending.subject();
    String what = "sent:" + sending.factor().code();
    return database.transaction(connection -> {
      Sql.update(connection, KNOW_PERSON, subject);
      lock(connection, subject);
      if (!isFree(connection, id, sending)) {
        return Claim.TAKEN;
      }
      if (counted(connection, subject, what, sending.now().minus(HOUR)) >= sending.perHour()) {
        return Claim.TOO_MANY;
      }
      Sql.update(
          connection,
          CLAIM_SENDING,
          sending.code().salt(),
          sending.code().digest(),
          sending.now(),
          sending.factor().code(),
          sending.sentTo(),
          sending.subject(),
          sending.subject(),
          id);
      Sql.update(connection, COUNT, subject, what, sending.now());
      return Claim.CLAIMED;
    });
  }

  private static boolean isFree(Connection connection, String id, Sending sending)
      throws SQLException {
    try (var statement =
            Sql.bind(connection, FREE_TO_SEND, id, sending.again(), sending.claimedBefore());
        ResultSet row = statement.executeQuery()) {
      return row.next();
    }
  }

  private static int counted(Connection connection, String subject, String what, Instant since)
      throws SQLException {
    try (var statement = Sql.bind(connection, COUNTED, subject, what, since);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getInt(1);
    }
  }

  @Override
  public boolean claimInviting(String id, Instant now) {
    return database.query(connection -> Sql.update(connection, CLAIM_INVITING, now, id) == 1);
  }

  @Override
  public void sent(String id, Instant now) {
    database.query(connection -> Sql.update(connection, SENT, now, id));
  }

  @Override
  public void notSent(String id, Factor factor, String reason) {
    database.query(
        connection -> Sql.update(connection, NOT_SENT, reason, factor.code(), factor.code(), id));
  }

  @Override
  public Optional<Approval> find(String id) {
    return database.query(connection -> one(connection, FIND, id));
  }

  @Override
  public Optional<Approval> findOf(String id, Visitor visitor) {
    return database.query(connection ->
        one(
            connection,
            FIND_OF,
            id,
            visitor.subject(),
            connection.createArrayOf("text", visitor.marks().toArray())));
  }

  @Override
  public Optional<Approval> findOfClient(String id, String client) {
    return database.query(connection -> one(connection, FIND_OF_CLIENT, id, client));
  }

  @Override
  public void warn(Approval approval, String reason, Instant at) {
    gate.warn(approval, reason, at);
  }

  @Override
  public Optional<StepUps.Polled> poll(String id, String client, Instant now) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, POLL, id, client, now, now);
          ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new StepUps.Polled(
                    read(row),
                    row.getBoolean("too_soon"),
                    Duration.ofSeconds(row.getInt("poll_interval"))))
            : Optional.<StepUps.Polled>empty();
      }
    });
  }

  @Override
  public Optional<DeliveryAddresses.Kept> address(String id, Factor factor) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, FIND_ADDRESS, id, factor.code());
          ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new DeliveryAddresses.Kept(
                    factor, row.getString("sealed"), row.getString("masked"), ""))
            : Optional.<DeliveryAddresses.Kept>empty();
      }
    });
  }

  @Override
  public List<Approval> list(String subject, int limit) {
    return database.query(connection -> {
      var found = new ArrayList<Approval>();
      try (var statement = Sql.bind(connection, LIST, subject, subject, limit);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(read(rows));
        }
      }
      return found;
    });
  }

  @Override
  public void forget(Instant before) {
    for (String sql : FORGET) {
      database.query(connection -> Sql.update(connection, sql, before));
    }
  }

  @Override
  public <T> Optional<T> inTurn(String id, @Nullable String answerer, Function<Turn, T> work) {
    Optional<Approval> known = find(id);
    if (known.isEmpty()) {
      return Optional.empty();
    }
    Optional<T> result =
        database.transaction(connection -> {
          String person = known.get().person().key();
          String answering = answerer == null ? person : answerer;
          // In order, so that two who answer each other's requests never wait in a circle.
          for (String subject : new TreeSet<>(List.of(person, answering))) {
            Sql.update(connection, KNOW_PERSON, subject);
            lock(connection, subject);
          }
          return Optional.of(work.apply(turn(connection, id, answering)));
        });
    gate.announced();
    return result;
  }

  private static void lock(Connection connection, String subject) throws SQLException {
    try (var statement = Sql.bind(connection, LOCK_PERSON, subject);
        ResultSet row = statement.executeQuery()) {
      row.next();
    }
  }

  private PgTurn turn(Connection connection, String id, String answerer) throws SQLException {
    try (var statement = Sql.bind(connection, LOCK, id);
        ResultSet row = statement.executeQuery()) {
      row.next();
      @Nullable String digest = row.getString("code_digest");
      SealedCode code = digest == null ? null : new SealedCode(row.getString("code_salt"), digest);
      return new PgTurn(connection, read(row), answerer, code);
    }
  }

  private static Optional<Approval> one(
      Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
    try (var statement = Sql.bind(connection, sql, parameters);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(read(row)) : Optional.empty();
    }
  }

  private static Approval read(ResultSet row) throws SQLException {
    @Nullable String answer = row.getString("answer");
    return new Approval(
        row.getString("id"),
        row.getString("jti"),
        SubjectJson.read(row.getString("person")),
        actor(row),
        row.getString("client_id"),
        row.getString("agent"),
        row.getString("audience"),
        row.getString("scope"),
        AuthorizationDetails.of(StrictJson.parse(row.getString("details"))),
        row.getString("policy_version"),
        lines(row.getString("lines")),
        row.getString("sent_to"),
        Sql.instant(row, "created_at"),
        Sql.instant(row, "expires_at"),
        factors(row.getString("factors")),
        seconds(row.getObject("use_within_seconds", Integer.class)),
        approvers(row.getString("approvers")),
        requester(row),
        row.getInt("tries"),
        row.getObject("sent_at") != null,
        channel(row.getString("channel")),
        row.getString("code_for"),
        row.getString("failure"),
        answer == null ? null : Approval.Answer.valueOf(answer.toUpperCase(Locale.ROOT)),
        Sql.optionalInstant(row, "answered_at"),
        row.getString("answered_by"),
        Sql.optionalInstant(row, "consumed_at"));
  }

  private static List<Factor> factors(@Nullable String codes) {
    return codes == null
        ? List.of()
        : Arrays.stream(codes.split(" ", -1)).map(Factor::valueOf).toList();
  }

  private static String requester(ResultSet row) throws SQLException {
    @Nullable String kept = row.getString("requester");
    return kept == null ? row.getString("subject") : kept;
  }

  private static List<Set<String>> approvers(@Nullable String sets) {
    return sets == null ? List.of() : MarksJson.readAll(StrictJson.parse(sets));
  }

  private static @Nullable Factor channel(@Nullable String code) {
    return code == null ? null : Factor.valueOf(code.toUpperCase(Locale.ROOT));
  }

  private static @Nullable Duration seconds(@Nullable Integer seconds) {
    return seconds == null ? null : Duration.ofSeconds(seconds);
  }

  // Approvals from before actors were kept have the client as their actor.
  private static Actor actor(ResultSet row) throws SQLException {
    @Nullable String kept = row.getString("actor");
    String client = row.getString("client_id");
    return kept == null ? new Actor(client, client, null, null) : Actor.ofStored(kept);
  }

  private static String lines(List<Approval.Line> lines) {
    ArrayNode json = StrictJson.array();
    for (Approval.Line line : lines) {
      ObjectNode one = json.addObject();
      if (line.amount() != null) {
        one.put("amount", line.amount());
      }
      one.put("sentence", line.sentence());
    }
    return StrictJson.write(json);
  }

  private static List<Approval.Line> lines(String text) {
    var lines = new ArrayList<Approval.Line>();
    for (JsonNode line : StrictJson.parse(text)) {
      lines.add(
          new Approval.Line(
              line.has("amount") ? line.path("amount").stringValue() : null,
              line.path("sentence").stringValue()));
    }
    return lines;
  }

  /// One transaction's hold on an approval.
  private final class PgTurn implements Turn {
    private final Connection connection;
    private final Approval approval;
    private final String answerer;
    private final @Nullable SealedCode code;

    PgTurn(Connection connection, Approval approval, String answerer, @Nullable SealedCode code) {
      this.connection = connection;
      this.approval = approval;
      this.answerer = answerer;
      this.code = code;
    }

    @Override
    public Approval approval() {
      return approval;
    }

    @Override
    public String answerer() {
      return answerer;
    }

    @Override
    public Optional<Instant> lockedOutAt() {
      return with(() -> {
        try (var statement = Sql.bind(connection, LOCKED_OUT, answerer);
            ResultSet row = statement.executeQuery()) {
          return row.next()
              ? Optional.ofNullable(Sql.optionalInstant(row, "closed_at"))
              : Optional.<Instant>empty();
        }
      });
    }

    @Override
    public @Nullable SealedCode code() {
      return code;
    }

    @Override
    public void countTry() {
      run(TRY, approval.id());
    }

    @Override
    public void answer(Approval.Answer answer, Instant at, Instant expiresAt) {
      String word = answer.name().toLowerCase(Locale.ROOT);
      run(ANSWER, word, at, answerer, expiresAt, word, approval.id());
      with(() -> Sql.update(connection, FORGET_ADDRESSES, approval.id()));
    }

    @Override
    public void consume(Instant at) {
      run(CONSUME, at, approval.id());
    }

    @Override
    public void withdraw(Instant at) {
      run(WITHDRAW, at, approval.id());
      with(() -> Sql.update(connection, FORGET_ADDRESSES, approval.id()));
    }

    @Override
    public void countWrong(Instant at) {
      with(() -> Sql.update(connection, COUNT, answerer, WRONG, at));
    }

    @Override
    public int wrongSince(Instant since) {
      return with(() -> counted(connection, answerer, WRONG, since));
    }

    @Override
    public List<Passkeys.Passkey> passkeys() {
      return with(() -> PgPasskeys.of(connection, answerer));
    }

    @Override
    public void passkeyUsed(String credentialId, long signCount, Instant at) {
      with(() -> PgPasskeys.used(connection, answerer, credentialId, signCount, at));
    }

    @Override
    public int strike(Instant at, Instant since) {
      String subject = approval.person().key();
      return with(() -> {
        Sql.update(connection, STRIKE, subject, approval.id(), at);
        try (var statement = Sql.bind(connection, COUNT_STRIKES, subject, since);
            ResultSet row = statement.executeQuery()) {
          row.next();
          return row.getInt(1);
        }
      });
    }

    @Override
    public void clearStrikes() {
      with(() -> Sql.update(connection, CLEAR_STRIKES, approval.person().key()));
    }

    @Override
    public void close(Kill kill) {
      with(() -> {
        gate.close(connection, kill);
        return true;
      });
    }

    private <T> T with(SqlWork<T> work) {
      try {
        return work.run();
      } catch (SQLException failed) {
        throw Database.unchecked(failed);
      }
    }

    // INVARIANT: the row is locked and its state was read under the lock, so each change hits it.
    private void run(String sql, @Nullable Object... parameters) {
      if (with(() -> Sql.update(connection, sql, parameters)) != 1) {
        throw new IllegalStateException("an approval changed under its lock");
      }
    }

    /// SQL that is part of a turn's transaction.
    private interface SqlWork<T> {
      T run() throws SQLException;
    }
  }
}
