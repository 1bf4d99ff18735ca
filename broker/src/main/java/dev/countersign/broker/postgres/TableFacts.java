package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the catalog says of one business table. Names are quoted where SQL needs it.
///
/// @param name schema and table
/// @param owner the role it belongs to
/// @param policies permissive policies that are there already: PostgreSQL lets a row through if any
///   one of them does
/// @param others roles besides the owner that may use the table today
/// @param triggers definitions of the triggers that use an approved request up
public record TableFacts(
    String name,
    String owner,
    List<Column> columns,
    List<String> policies,
    List<String> others,
    List<String> triggers) {

  /// Parameters: 1 schema, 2 table.
  private static final String TABLE =
      """
      SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, quote_ident(o.rolname) AS owner
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
       WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p')
      """;

  /// Parameters: 1 table.
  private static final String COLUMNS =
      """
      SELECT a.attname, quote_ident(a.attname) AS quoted,
             pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
             a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS is_required
        FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = ? AND a.attnum > 0 AND NOT a.attisdropped
       ORDER BY a.attnum
      """;

  /// Parameters: 1 table.
  private static final String POLICIES =
      """
      SELECT quote_ident(p.polname)
        FROM pg_catalog.pg_policy p
       WHERE p.polrelid = ? AND p.polpermissive
       ORDER BY 1
      """;

  /// Parameters: 1 table.
  private static final String OTHERS =
      """
      SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
        FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL,
             LATERAL (SELECT grantee FROM pg_catalog.aclexplode(c.relacl)
                       UNION SELECT grantee FROM pg_catalog.aclexplode(a.attacl)) g
       WHERE c.oid = ? AND g.grantee <> c.relowner
       ORDER BY 1
      """;

  /// Parameters: 1 table.
  private static final String TRIGGERS =
      """
      SELECT pg_catalog.pg_get_triggerdef(t.oid)
        FROM pg_catalog.pg_trigger t
        JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid AND p.proname = 'consume'
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'countersign'
       WHERE t.tgrelid = ?
       ORDER BY t.tgname
      """;

  public TableFacts {
    columns = List.copyOf(columns);
    policies = List.copyOf(policies);
    others = List.copyOf(others);
    triggers = List.copyOf(triggers);
  }

  /// Reads them; any login may.
  ///
  /// @return empty if there is no such table
  public static Optional<TableFacts> read(DatabaseSettings login, String schema, String table) {
    try (Connection connection = Database.connect(login);
        var statement = connection.prepareStatement(TABLE)) {
      statement.setString(1, schema);
      statement.setString(2, table);
      try (var rows = statement.executeQuery()) {
        if (!rows.next()) {
          return Optional.empty();
        }
        long id = rows.getLong("oid");
        return Optional.of(
            new TableFacts(
                rows.getString("name"),
                rows.getString("owner"),
                columns(connection, id),
                texts(connection, POLICIES, id),
                texts(connection, OTHERS, id),
                texts(connection, TRIGGERS, id)));
      }
    } catch (SQLException failed) {
      throw Database.unchecked(failed);
    }
  }

  private static List<Column> columns(Connection connection, long table) throws SQLException {
    var columns = new ArrayList<Column>();
    try (var statement = connection.prepareStatement(COLUMNS)) {
      statement.setLong(1, table);
      try (var rows = statement.executeQuery()) {
        while (rows.next()) {
          columns.add(
              new Column(
                  rows.getString("attname"),
                  rows.getString("quoted"),
                  rows.getString("type"),
                  rows.getBoolean("is_required")));
        }
      }
    }
    return columns;
  }

  private static List<String> texts(Connection connection, String sql, long table)
      throws SQLException {
    var texts = new ArrayList<String>();
    try (var statement = connection.prepareStatement(sql)) {
      statement.setLong(1, table);
      try (var rows = statement.executeQuery()) {
        while (rows.next()) {
          texts.add(rows.getString(1));
        }
      }
    }
    return texts;
  }

  /// The column of this name.
  public Optional<Column> column(String wanted) {
    return columns.stream().filter(column -> column.name().equals(wanted)).findFirst();
  }

  /// One column.
  ///
  /// @param name as the catalog has it
  /// @param quoted as a statement needs it
  /// @param type as a cast needs it
  /// @param isRequired whether an insert that leaves it out fails
  public record Column(String name, String quoted, String type, boolean isRequired) {
    boolean isText() {
      return type.equals("text") || type.startsWith("character varying");
    }
  }
}
