package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.policy.Attribute;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.AttributeStore;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import tools.jackson.databind.JsonNode;

/// The attribute store. Threads may share it.
public final class PgAttributes implements AttributeStore {
  /// One index range of one person, however many people there are.
  static final String READ =
      """
      SELECT name, value, source, at
        FROM attribute
       WHERE subject = ?
         AND name = ANY (?)
      """;

  private static final String READ_ALL =
      """
      SELECT name, value, source, at
        FROM attribute
       WHERE subject = ?
       ORDER BY name
      """;

  private static final String WRITE =
      """
      INSERT INTO attribute (subject, name, value, source, at)
      VALUES (?, ?, ?::jsonb, ?, ?)
          ON CONFLICT (subject, name)
          DO UPDATE SET value = excluded.value, source = excluded.source, at = excluded.at
      """;

  private static final String DELETE = "DELETE FROM attribute WHERE subject = ? AND name = ?";

  private static final String COPY =
      "COPY attribute_import (line, subject, name, value) FROM STDIN";

  private static final String REPEATED =
      """
      SELECT line
        FROM (SELECT line, count(*) OVER (PARTITION BY subject, name) AS lines
                FROM attribute_import) AS counted
       WHERE lines > 1
       ORDER BY line
       LIMIT 100
      """;

  private static final String MERGE =
      """
      INSERT INTO attribute (subject, name, value, source, at)
      SELECT subject, name, value, ?, ?
        FROM attribute_import
          ON CONFLICT (subject, name)
          DO UPDATE SET value = excluded.value, source = excluded.source, at = excluded.at
      """;

  private static final String CLEAR = "DELETE FROM attribute_import";

  private final Database database;

  public PgAttributes(Database database) {
    this.database = database;
  }

  @Override
  public Map<String, Attribute> of(String subject, Set<String> names) {
    return database.query(connection -> {
      var wanted = connection.createArrayOf("text", names.toArray(String[]::new));
      try (var statement = Sql.bind(connection, READ, subject, wanted);
          ResultSet rows = statement.executeQuery()) {
        return read(rows);
      }
    });
  }

  @Override
  public Map<String, Attribute> all(String subject) {
    return database.query(connection -> {
      try (var statement = Sql.bind(connection, READ_ALL, subject);
          ResultSet rows = statement.executeQuery()) {
        return read(rows);
      }
    });
  }

  private static Map<String, Attribute> read(ResultSet rows) throws SQLException {
    var attributes = new LinkedHashMap<String, Attribute>();
    while (rows.next()) {
      attributes.put(
          rows.getString("name"),
          new Attribute(
              StrictJson.parse(rows.getString("value")),
              rows.getString("source"),
              Sql.instant(rows, "at")));
    }
    return attributes;
  }

  @Override
  public void change(List<Change> changes, String source, Instant at) {
    database.transaction(connection -> {
      for (Change change : changes) {
        JsonNode value = change.value();
        if (value == null) {
          Sql.update(connection, DELETE, change.subject(), change.name());
        } else {
          Sql.update(
              connection,
              WRITE,
              change.subject(),
              change.name(),
              StrictJson.write(value),
              source,
              at);
        }
      }
      return changes.size();
    });
  }

  @Override
  public Imported importAll(Rows rows, String source, Instant at) {
    return database.transaction(connection -> {
      Sql.update(connection, CLEAR); // an import that the server lost may have left something
      copy(connection, rows);
      List<Long> repeated = repeated(connection);
      boolean isGood = repeated.isEmpty() && !rows.hasProblems();
      long written = isGood ? Sql.update(connection, MERGE, source, at) : 0;
      Sql.update(connection, CLEAR);
      return isGood ? new Imported.Written(written) : new Imported.Nothing(repeated);
    });
  }

  /// Streams: what is in memory does not grow with the file.
  private static void copy(Connection connection, Rows rows) throws SQLException {
    CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(COPY);
    boolean isDone = false;
    try {
      while (rows.hasNext()) {
        Row row = rows.next();
        String line =
            row.line()
                + "\t"
                + escaped(row.subject())
                + "\t"
                + escaped(row.name())
                + "\t"
                + escaped(StrictJson.write(row.value()))
                + "\n";
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        copy.writeToCopy(bytes, 0, bytes.length);
      }
      copy.endCopy();
      isDone = true;
    } finally {
      if (!isDone && copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  /// As COPY's text form wants it; the texts hold no control characters.
  private static String escaped(String text) {
    return text.replace("\\", "\\\\");
  }

  private static List<Long> repeated(Connection connection) throws SQLException {
    var lines = new ArrayList<Long>();
    try (var statement = connection.prepareStatement(REPEATED);
        ResultSet found = statement.executeQuery()) {
      while (found.next()) {
        lines.add(found.getLong("line"));
      }
    }
    return lines;
  }
}
