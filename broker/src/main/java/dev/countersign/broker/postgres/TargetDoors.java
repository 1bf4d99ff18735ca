package dev.countersign.broker.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// What PostgreSQL leaves open to everybody, and so to a minted login, and is still open.
final class TargetDoors {
  private static final String TEMPORARY =
      """
      SELECT 1
       WHERE pg_catalog.has_database_privilege('public', current_database(), 'TEMPORARY')
          OR pg_catalog.has_database_privilege('public', current_database(), 'CREATE')
      """;

  private static final String SCHEMAS =
      """
      SELECT n.nspname
        FROM pg_catalog.pg_namespace n
       WHERE pg_catalog.has_schema_privilege('public', n.oid, 'CREATE')
      """;

  private static final String LARGE_OBJECTS =
      """
      SELECT 1
        FROM pg_catalog.pg_proc p
       WHERE p.pronamespace = 'pg_catalog'::regnamespace
         AND p.proname IN ('lo_create', 'lo_creat', 'lo_from_bytea')
         AND pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE')
      """;

  private TargetDoors() {}

  /// What only a superuser may close, one sentence each.
  ///
  /// @throws IllegalStateException if something is open that the database's owner may close: then
  ///   whoever runs this is not the owner
  static List<String> open(Connection connection) throws SQLException {
    if (finds(connection, TEMPORARY)) {
      throw new IllegalStateException(
          "PUBLIC may make temporary tables in this database, and only its owner can change that: run"
              + " init-db as the owner");
    }
    if (finds(connection, SCHEMAS)) {
      throw new IllegalStateException(
          "PUBLIC may create in a schema of this database, and only the schema's owner can change"
              + " that: REVOKE CREATE ON SCHEMA … FROM PUBLIC");
    }
    var remarks = new ArrayList<String>();
    if (finds(connection, LARGE_OBJECTS)) {
      remarks.add(
          "PUBLIC may make large objects, and only a superuser can change that. What a login makes"
              + " is dropped with it, but until then it can fill the disk. Have a superuser run"
              + " init-db, or allow it by name: broker.databases.<name>.allow: [large-objects]");
    }
    return List.copyOf(remarks);
  }

  private static boolean finds(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      return rows.next();
    }
  }
}
