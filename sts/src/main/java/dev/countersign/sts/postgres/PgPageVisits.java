package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.stepup.PageVisits;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Visits of the approval page; cookies and states are kept as digests only. Threads may share it.
public final class PgPageVisits implements PageVisits {
  private static final String LEAVE =
      """
      INSERT INTO page_attempt
             (state_digest, browser_digest, anchor, target, approves, number, nonce, verifier, started_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;

  private static final String COME_BACK =
      """
      DELETE FROM page_attempt
       WHERE state_digest = ?
         AND browser_digest = ?
         AND started_at > ?
      RETURNING *
      """;

  private static final String ENTER =
      """
      INSERT INTO page_visit
             (browser_digest, subject, name, signed_in_at, authenticated_at, expires_at, memberships)
      VALUES (?, ?, ?, ?, ?, ?, ?::jsonb)
      """;

  private static final String FIND =
      """
      SELECT visit.*
        FROM page_visit AS visit
        LEFT JOIN person ON person.subject = visit.subject
       WHERE visit.browser_digest = ?
         AND visit.expires_at > ?
         AND (person.closed_at IS NULL OR person.closed_at < visit.signed_in_at)
      """;

  private static final String SIGN_OUT = "DELETE FROM page_visit WHERE browser_digest = ?";

  private final Database database;

  public PgPageVisits(Database database) {
    this.database = database;
  }

  @Override
  public void leave(Attempt attempt) {
    database.query(connection ->
        Sql.update(
            connection,
            LEAVE,
            digest(attempt.state()),
            digest(attempt.browser()),
            attempt.anchor(),
            attempt.target(),
            attempt.approves(),
            attempt.number(),
            attempt.nonce().reveal(),
            attempt.verifier().reveal(),
            attempt.startedAt()));
  }

  @Override
  public Optional<Attempt> comeBack(Secret state, Secret browser, Instant since) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, COME_BACK, digest(state), digest(browser), since);
          ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Attempt(
                    state,
                    browser,
                    row.getString("anchor"),
                    row.getString("target"),
                    row.getBoolean("approves"),
                    text(row.getString("number")),
                    new Secret(row.getString("nonce")),
                    new Secret(row.getString("verifier")),
                    Sql.instant(row, "started_at")))
            : Optional.<Attempt>empty();
      }
    });
  }

  private static String text(@Nullable String text) {
    return text == null ? "" : text;
  }

  @Override
  public void enter(Secret browser, Visit visit) {
    database.query(connection ->
        Sql.update(
            connection,
            ENTER,
            digest(browser),
            visit.subject(),
            visit.name(),
            visit.signedInAt(),
            visit.authenticatedAt(),
            visit.expiresAt(),
            MarksJson.write(visit.marks())));
  }

  @Override
  public Optional<Visit> of(Secret browser, Instant now) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, FIND, digest(browser), now);
          ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Visit(
                    row.getString("subject"),
                    row.getString("name"),
                    Sql.instant(row, "signed_in_at"),
                    Sql.optionalInstant(row, "authenticated_at"),
                    Sql.instant(row, "expires_at"),
                    MarksJson.read(StrictJson.parse(row.getString("memberships")))))
            : Optional.<Visit>empty();
      }
    });
  }

  @Override
  public void signOut(Secret browser) {
    database.query(connection -> Sql.update(connection, SIGN_OUT, digest(browser)));
  }

  private static String digest(Secret secret) {
    return Digest.sha256(secret.reveal());
  }
}
