package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.sts.stepup.Passkeys;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Registered passkeys. Threads may share it.
public final class PgPasskeys implements Passkeys {
  private static final String OF_PERSON =
      "SELECT * FROM passkey WHERE subject = ? ORDER BY created_at, credential_id";

  private static final String ADD =
      """
      INSERT INTO passkey
             (subject, credential_id, credential, sign_count, label, created_at)
      VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT DO NOTHING
      """;

  private static final String USED =
      """
      UPDATE passkey
         SET sign_count = ?, last_used_at = ?
       WHERE subject = ?
         AND credential_id = ?
      """;

  private static final String REMOVE =
      "DELETE FROM passkey WHERE subject = ? AND credential_id = ?";

  private final Database database;

  public PgPasskeys(Database database) {
    this.database = database;
  }

  @Override
  public List<Passkey> of(String subject) {
    return database.query(connection -> of(connection, subject));
  }

  /// The passkeys as part of a transaction.
  static List<Passkey> of(Connection connection, String subject) throws SQLException {
    var found = new ArrayList<Passkey>();
    try (var statement = Sql.bind(connection, OF_PERSON, subject);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        found.add(
            new Passkey(
                rows.getString("credential_id"),
                rows.getString("credential"),
                rows.getLong("sign_count"),
                rows.getString("label"),
                Sql.instant(rows, "created_at"),
                Sql.optionalInstant(rows, "last_used_at")));
      }
    }
    return found;
  }

  /// Notes a use as part of a transaction.
  static int used(
      Connection connection, String subject, String credentialId, long signCount, Instant at)
      throws SQLException {
    return Sql.update(connection, USED, signCount, at, subject, credentialId);
  }

  @Override
  public boolean add(String subject, Passkey passkey) {
    return database.query(connection ->
        Sql.update(
                connection,
                ADD,
                subject,
                passkey.credentialId(),
                passkey.credential(),
                passkey.signCount(),
                passkey.label(),
                passkey.createdAt())
            == 1);
  }

  @Override
  public boolean remove(String subject, String credentialId) {
    return database.query(connection -> Sql.update(connection, REMOVE, subject, credentialId) == 1);
  }
}
