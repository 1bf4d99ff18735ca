package dev.countersign.sts.postgres;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.Database;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.keys.KeyStore;
import dev.countersign.sts.keys.MasterKey;
import dev.countersign.sts.keys.SigningKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.text.ParseException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Signing keys in the database, the private halves sealed. Threads may share it.
public final class PgKeyStore implements KeyStore {
  private static final String READ =
      """
      SELECT kid, sealed, created_at, signs_from, removed_at
        FROM signing_key
       WHERE sealed IS NOT NULL
         AND (removed_at IS NULL OR removed_at > ?)
       ORDER BY signs_from
      """;

  private static final String LOCK =
      "SELECT pg_advisory_xact_lock(hashtext('countersign sts signing keys'))";

  private static final String NEWEST =
      """
      SELECT kid
        FROM signing_key
       WHERE algorithm = ?
         AND sealed IS NOT NULL
         AND (removed_at IS NULL OR removed_at > ?)
       ORDER BY signs_from DESC
       LIMIT 1
      """;

  private static final String END_OTHERS =
      """
      UPDATE signing_key
         SET removed_at = least(coalesce(removed_at, ?), ?)
       WHERE algorithm = ?
      """;

  private static final String ADD =
      """
      INSERT INTO signing_key (kid, algorithm, public_jwk, sealed, created_at, signs_from)
      VALUES (?, ?, ?::jsonb, ?, ?, ?)
      """;

  /// The private half of a key that is over is of use to nobody but a thief.
  private static final String ERASE =
      "UPDATE signing_key SET sealed = NULL WHERE sealed IS NOT NULL AND removed_at <= ?";

  private final Database database;
  private final MasterKey master;

  public PgKeyStore(Database database, MasterKey master) {
    this.database = database;
    this.master = master;
  }

  @Override
  public List<SigningKey> published(Instant now) {
    return database.query(connection -> {
      var keys = new ArrayList<SigningKey>();
      try (var statement = Sql.bind(connection, READ, now);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          keys.add(key(rows));
        }
      }
      return keys;
    });
  }

  private SigningKey key(ResultSet row) throws SQLException {
    String kid = row.getString("kid");
    Secret text =
        master
            .open(purpose(kid), row.getString("sealed"))
            .orElseThrow(() ->
                new IllegalStateException(
                    "signing key "
                        + kid
                        + " is sealed with another encryption key; give every replica the"
                        + " sts.keys.encryption-key that it was made with"));
    try {
      return new SigningKey(
          JWK.parse(text.reveal()),
          Sql.instant(row, "created_at"),
          Sql.instant(row, "signs_from"),
          Sql.optionalInstant(row, "removed_at"));
    } catch (ParseException impossible) {
      throw new IllegalStateException("what we sealed is a JWK", impossible);
    }
  }

  @Override
  public boolean add(SigningKey key, Optional<String> newest, Instant othersEnd) {
    String sealed = master.seal(purpose(key.id()), new Secret(key.reveal().toJSONString()));
    return database.transaction(connection -> {
      try (var lock = connection.prepareStatement(LOCK)) {
        lock.execute();
      }
      if (!newest.equals(newest(connection, key))) {
        return false;
      }
      Sql.update(connection, END_OTHERS, othersEnd, othersEnd, key.algorithm());
      Sql.update(connection, ERASE, key.createdAt());
      Sql.update(
          connection,
          ADD,
          key.id(),
          key.algorithm(),
          key.published().toJSONString(),
          sealed,
          key.createdAt(),
          key.signsFrom());
      return true;
    });
  }

  private static Optional<String> newest(Connection connection, SigningKey key)
      throws SQLException {
    try (var statement = Sql.bind(connection, NEWEST, key.algorithm(), key.createdAt());
        ResultSet rows = statement.executeQuery()) {
      return rows.next() ? Optional.of(rows.getString("kid")) : Optional.empty();
    }
  }

  /// Erases the private halves of keys that are over.
  public void erase(Instant now) {
    database.query(connection -> Sql.update(connection, ERASE, now));
  }

  private static String purpose(String kid) {
    return "signing key " + kid;
  }
}
