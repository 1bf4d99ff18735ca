package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.broker.vault.DefinitionStore;
import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Definitions in the broker's schema.
public final class PgDefinitionStore implements DefinitionStore {
  /// Parameters: 1 kind, 2 name.
  private static final String FIND =
      "SELECT document, sealed, version FROM vault_definition WHERE kind = ? AND name = ?";

  /// Parameters: 1 kind.
  private static final String NAMES =
      "SELECT name FROM vault_definition WHERE kind = ? ORDER BY name";

  /// Parameters: 1 kind, 2 name, 3 document, 4 sealed, 5 by, 6 now.
  private static final String WRITE =
      """
      INSERT INTO vault_definition AS d (kind, name, document, sealed, changed_by, changed_at)
      VALUES (?, ?, ?::json, ?, ?, ?)
      ON CONFLICT (kind, name) DO UPDATE
         SET document = excluded.document,
             sealed = CASE excluded.sealed WHEN '' THEN d.sealed ELSE excluded.sealed END,
             version = d.version + 1,
             changed_by = excluded.changed_by,
             changed_at = excluded.changed_at
      """;

  /// Parameters: 1 kind, 2 name.
  private static final String REMOVE = "DELETE FROM vault_definition WHERE kind = ? AND name = ?";

  private final Database database;

  public PgDefinitionStore(Database database) {
    this.database = database;
  }

  @Override
  public Optional<Definition> find(Kind kind, String name) {
    return database.query(connection -> {
      try (var find = connection.prepareStatement(FIND)) {
        find.setString(1, kind.name());
        find.setString(2, name);
        try (var rows = find.executeQuery()) {
          return rows.next()
              ? Optional.of(
                  new Definition(
                      StrictJson.parseObject(rows.getString("document")),
                      rows.getString("sealed"),
                      rows.getLong("version")))
              : Optional.<Definition>empty();
        }
      }
    });
  }

  @Override
  public List<String> names(Kind kind) {
    return database.query(connection -> {
      var names = new ArrayList<String>();
      try (var find = connection.prepareStatement(NAMES)) {
        find.setString(1, kind.name());
        try (var rows = find.executeQuery()) {
          while (rows.next()) {
            names.add(rows.getString(1));
          }
        }
      }
      return List.copyOf(names);
    });
  }

  @Override
  public void write(
      Kind kind, String name, ObjectNode document, String sealed, String by, Instant now) {
    database.query(connection -> {
      try (var write = connection.prepareStatement(WRITE)) {
        write.setString(1, kind.name());
        write.setString(2, name);
        write.setString(3, StrictJson.write(document));
        write.setString(4, sealed);
        write.setString(5, by);
        write.setObject(6, now.atOffset(ZoneOffset.UTC));
        return write.executeUpdate();
      }
    });
  }

  @Override
  public boolean remove(Kind kind, String name) {
    return database.query(connection -> {
      try (var remove = connection.prepareStatement(REMOVE)) {
        remove.setString(1, kind.name());
        remove.setString(2, name);
        return remove.executeUpdate() == 1;
      }
    });
  }
}
