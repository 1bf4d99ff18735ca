package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.RepeatStore;
import java.sql.ResultSet;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Answers for retries. Threads may share it.
public final class PgRepeats implements RepeatStore {
  /// A claim that ran out without an answer is free again, for the same request.
  private static final String CLAIM =
      """
      INSERT INTO repeated_answer AS old
             (client_id, key_digest, request_digest, claimed_until, expires_at)
      VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (client_id, key_digest)
          DO UPDATE SET claimed_until = excluded.claimed_until
                  WHERE old.sealed IS NULL
                    AND old.claimed_until <= ?
                    AND old.request_digest = excluded.request_digest
      """;

  private static final String FIND =
      """
      SELECT request_digest, sealed
        FROM repeated_answer
       WHERE client_id = ?
         AND key_digest = ?
      """;

  private static final String KEEP =
      """
      UPDATE repeated_answer
         SET sealed = ?
       WHERE client_id = ?
         AND key_digest = ?
         AND claimed_until = ?
         AND sealed IS NULL
      """;

  private static final String RELEASE =
      """
      DELETE FROM repeated_answer
       WHERE client_id = ?
         AND key_digest = ?
         AND claimed_until = ?
         AND sealed IS NULL
      """;

  private static final String FORGET = "DELETE FROM repeated_answer WHERE expires_at < ?";

  private final Database database;

  public PgRepeats(Database database) {
    this.database = database;
  }

  @Override
  public Found begin(
      String client,
      String keyDigest,
      String requestDigest,
      Instant now,
      Instant until,
      Instant expiresAt) {
    return database.query(connection -> {
      int claimed =
          Sql.update(connection, CLAIM, client, keyDigest, requestDigest, until, expiresAt, now);
      if (claimed == 1) {
        return new Found.Mine();
      }
      try (var statement = Sql.bind(connection, FIND, client, keyDigest);
          ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return new Found.Busy(requestDigest); // released at this very moment
        }
        String request = row.getString("request_digest");
        @Nullable String sealed = row.getString("sealed");
        return sealed == null ? new Found.Busy(request) : new Found.Answered(request, sealed);
      }
    });
  }

  @Override
  public boolean keep(String client, String keyDigest, Instant until, String sealed) {
    return database.query(
        connection -> Sql.update(connection, KEEP, sealed, client, keyDigest, until) == 1);
  }

  @Override
  public void release(String client, String keyDigest, Instant until) {
    database.query(connection -> Sql.update(connection, RELEASE, client, keyDigest, until));
  }

  /// Forgets keys that are old enough.
  public void forget(Instant now) {
    database.query(connection -> Sql.update(connection, FORGET, now));
  }
}
