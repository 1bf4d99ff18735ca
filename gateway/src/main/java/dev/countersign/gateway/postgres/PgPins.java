package dev.countersign.gateway.postgres;

import dev.countersign.box.Database;
import dev.countersign.gateway.upstream.Definition;
import dev.countersign.gateway.upstream.Pins;
import dev.countersign.protocol.StrictJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Approved and seen definitions in PostgreSQL. Threads and replicas may share it.
public final class PgPins implements Pins {
  private static final String ALL =
      """
      SELECT server, tool, approved, approved_by, seen, seen_at
        FROM foreign_tool
       ORDER BY server, tool
      """;

  /// Parameters: 1 server, 2 tool, 3 definition, 4 its digest, 5 now.
  private static final String NOTE =
      """
      INSERT INTO foreign_tool (server, tool, seen, seen_digest, seen_at)
      VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (server, tool) DO UPDATE
         SET seen = excluded.seen, seen_digest = excluded.seen_digest, seen_at = excluded.seen_at
       WHERE foreign_tool.seen_digest IS DISTINCT FROM excluded.seen_digest
      """;

  /// Parameters: 1 now, 2 server, 3 the tools that it lists.
  private static final String NOTE_GONE =
      """
         UPDATE foreign_tool
            SET seen = NULL, seen_digest = NULL, seen_at = ?
          WHERE server = ? AND seen IS NOT NULL AND tool <> ALL (?)
      RETURNING tool
      """;

  /// Parameters: 1 by whom, 2 now, 3 server, 4 tool, 5 digest.
  private static final String APPROVE =
      """
      UPDATE foreign_tool
         SET approved = seen, approved_by = ?, approved_at = ?
       WHERE server = ? AND tool = ? AND seen_digest = ?
      """;

  /// Parameters: 1 server, 2 tool.
  private static final String WITHDRAW =
      """
      UPDATE foreign_tool
         SET approved = NULL, approved_by = NULL, approved_at = NULL
       WHERE server = ? AND tool = ? AND approved IS NOT NULL
      """;

  private final Database database;
  private final InstantSource clock;

  public PgPins(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public List<Pin> all() {
    return database.query(connection -> {
      var pins = new ArrayList<Pin>();
      try (PreparedStatement all = connection.prepareStatement(ALL);
          ResultSet row = all.executeQuery()) {
        while (row.next()) {
          @Nullable String by = row.getString("approved_by");
          pins.add(
              new Pin(
                  row.getString("server"),
                  row.getString("tool"),
                  definition(row.getString("approved")),
                  definition(row.getString("seen")),
                  by == null ? "" : by,
                  row.getObject("seen_at", OffsetDateTime.class).toInstant()));
        }
      }
      return pins;
    });
  }

  private static Optional<Definition> definition(@Nullable String json) {
    return Optional.ofNullable(json).map(text -> Definition.of(StrictJson.parseObject(text)));
  }

  @Override
  public List<String> note(String server, Collection<Definition> listed) {
    Instant now = clock.instant();
    return database.transaction(connection -> {
      var changed = new ArrayList<String>();
      // In one order, so that two replicas do not wait for each other.
      for (Definition definition :
          listed.stream().sorted((a, b) -> a.name().compareTo(b.name())).toList()) {
        if (note(connection, server, definition, now)) {
          changed.add(definition.name());
        }
      }
      try (PreparedStatement gone = connection.prepareStatement(NOTE_GONE)) {
        gone.setObject(1, utc(now));
        gone.setString(2, server);
        String[] names = listed.stream().map(Definition::name).toArray(String[]::new);
        gone.setArray(3, connection.createArrayOf("text", names));
        try (ResultSet row = gone.executeQuery()) {
          while (row.next()) {
            changed.add(row.getString("tool"));
          }
        }
      }
      return changed;
    });
  }

  private static boolean note(
      Connection connection, String server, Definition definition, Instant now)
      throws SQLException {
    try (PreparedStatement note = connection.prepareStatement(NOTE)) {
      note.setString(1, server);
      note.setString(2, definition.name());
      note.setString(3, StrictJson.write(definition.json()));
      note.setString(4, definition.digest());
      note.setObject(5, utc(now));
      return note.executeUpdate() == 1;
    }
  }

  @Override
  public boolean approve(String server, String tool, String digest, String by) {
    return database.query(connection -> {
      try (PreparedStatement approve = connection.prepareStatement(APPROVE)) {
        approve.setString(1, by);
        approve.setObject(2, utc(clock.instant()));
        approve.setString(3, server);
        approve.setString(4, tool);
        approve.setString(5, digest);
        return approve.executeUpdate() == 1;
      }
    });
  }

  @Override
  public boolean withdraw(String server, String tool) {
    return database.query(connection -> {
      try (PreparedStatement withdraw = connection.prepareStatement(WITHDRAW)) {
        withdraw.setString(1, server);
        withdraw.setString(2, tool);
        return withdraw.executeUpdate() == 1;
      }
    });
  }

  private static OffsetDateTime utc(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }
}
