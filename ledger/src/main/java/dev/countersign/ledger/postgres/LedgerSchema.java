package dev.countersign.ledger.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Pattern;

/// The ledger's place in the state database.
public final class LedgerSchema {
  /// The schema's name.
  public static final String NAME = "ledger";

  /// Where its migrations are; their `${user}` is the auditor's login.
  public static final String MIGRATIONS = "dev/countersign/ledger/migrations";

  private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

  private LedgerSchema() {}

  /// Lets the boxes' database users add entries and read back their own of one person, and nothing
  /// else.
  ///
  /// @param owner a connection of the schema's owner
  /// @param users plain PostgreSQL names
  public static void allowAppending(Connection owner, List<String> users) throws SQLException {
    try (Statement statement = owner.createStatement()) {
      for (String user : users) {
        if (!PLAIN.matcher(user).matches()) {
          throw new IllegalArgumentException("not a plain PostgreSQL name");
        }
        statement.execute("GRANT USAGE ON SCHEMA ledger TO " + user);
        statement.execute("GRANT INSERT ON ledger.entry TO " + user);
        statement.execute(
            "GRANT EXECUTE ON FUNCTION ledger.people(text[], text[], bytea[]) TO " + user);
        statement.execute(
            "GRANT EXECUTE ON FUNCTION ledger.own_entries(text, text[], int) TO " + user);
      }
    }
  }
}
