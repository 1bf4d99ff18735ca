package dev.countersign.box;

import dev.countersign.protocol.Digest;
import java.io.Reader;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.ResourceProvider;
import org.flywaydb.core.api.resource.LoadableResource;
import org.jspecify.annotations.Nullable;

/// Brings one schema to the version that this program knows.
public final class Migrations {
  /// The user that migrations may grant reading to, as `${auditor}`.
  public static final String AUDITOR = "countersign_auditor";

  private static final String HISTORY = "migration_history";
  private static final String DONE = "migrations ";

  private Migrations() {}

  /// Loads what migrating needs, in the background, while the caller waits for something else.
  public static void warmUp() {
    Thread.ofPlatform()
        .daemon()
        .name("migrations-warm-up")
        .start(() ->
            Flyway.configure(Migrations.class.getClassLoader())
                .dataSource("jdbc:postgresql:none", "", "")
                .javaMigrationClassProvider(List::of)
                .load());
  }

  /// Runs what is new of `V<n>__<what>.sql` in a class path folder, as the state's owner, in the
  /// schema, which is made if it is not there. The scripts may say `${user}`, `${schema}` and
  /// `${auditor}`. Quick when there is nothing new; two processes may do so at once.
  ///
  /// @param boxUser the box's database user; may use the schema, and gets what the scripts grant
  /// @param location such as `dev/countersign/sts/migrations`
  /// @throws DatabaseAway if the database is away
  /// @throws MigrationFailure if a script fails or was changed after it had been run
  public static void run(DatabaseSettings owner, String schema, String boxUser, String location) {
    Scripts scripts = Scripts.in(location);
    String mark = DONE + Digest.sha256(boxUser + "\0" + scripts.digest());
    try (Connection connection = Database.connect(owner)) {
      if (mark.equals(readMark(connection, schema))) {
        return;
      }
      migrate(owner, schema, boxUser, location, scripts);
      try (var statement = connection.createStatement()) {
        statement.execute("GRANT USAGE ON SCHEMA " + quoted(schema) + " TO " + quoted(boxUser));
        statement.execute("COMMENT ON TABLE " + history(schema) + " IS '" + mark + "'");
      }
    } catch (SQLException failed) {
      throw Database.unchecked(failed);
    }
  }

  // The mark on the history table says that exactly these scripts are done, so that a usual start
  // costs one question.
  private static @Nullable String readMark(Connection connection, String schema)
      throws SQLException {
    try (var statement =
        connection.prepareStatement("SELECT obj_description(to_regclass(?), 'pg_class')")) {
      statement.setString(1, history(schema));
      try (var rows = statement.executeQuery()) {
        return rows.next() ? rows.getString(1) : null;
      }
    }
  }

  private static void migrate(
      DatabaseSettings owner, String schema, String boxUser, String location, Scripts scripts) {
    try {
      Flyway.configure(Migrations.class.getClassLoader())
          .dataSource(owner.url(), owner.user(), owner.password().reveal())
          .schemas(schema)
          .defaultSchema(schema)
          .createSchemas(true)
          .table(HISTORY)
          .locations("classpath:" + location)
          .resourceProvider(new InMemory(scripts))
          .javaMigrationClassProvider(List::of)
          .skipDefaultCallbacks(true)
          .cleanDisabled(true)
          .placeholders(Map.of("user", boxUser, "schema", schema, "auditor", AUDITOR))
          .load()
          .migrate();
    } catch (FlywayException failed) {
      if (refusal(failed).orElse(null) instanceof DatabaseAway away) {
        throw away;
      }
      throw new MigrationFailure(
          "the migrations of schema " + schema + " fail: " + firstLine(failed), failed);
    }
  }

  private static Optional<RuntimeException> refusal(Throwable failed) {
    for (Throwable cause = failed.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException refused) {
        return Optional.of(Database.unchecked(refused));
      }
    }
    return Optional.empty();
  }

  private static String firstLine(FlywayException failed) {
    return String.valueOf(failed.getMessage())
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.matches("-+"))
        .findFirst()
        .orElse("no reason given");
  }

  private static String history(String schema) {
    return quoted(schema) + "." + quoted(HISTORY);
  }

  private static String quoted(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /// A schema cannot be brought to the version that this program knows.
  public static final class MigrationFailure extends RuntimeException {
    public MigrationFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// Hands Flyway what is read already, so that it does not search the class path again.
  private static final class InMemory implements ResourceProvider {
    private final Scripts scripts;

    InMemory(Scripts scripts) {
      this.scripts = scripts;
    }

    @Override
    public @Nullable LoadableResource getResource(String name) {
      String text = scripts.texts().get(name);
      return text == null ? null : new Script(name, text);
    }

    @Override
    public Collection<LoadableResource> getResources(String prefix, String[] suffixes) {
      return scripts.texts().entrySet().stream()
          .filter(script -> script.getKey().startsWith(prefix))
          .filter(script -> Arrays.stream(suffixes).anyMatch(script.getKey()::endsWith))
          .<LoadableResource>map(script -> new Script(script.getKey(), script.getValue()))
          .toList();
    }
  }

  /// One script as Flyway sees it.
  private static final class Script extends LoadableResource {
    private final String name;
    private final String text;

    Script(String name, String text) {
      this.name = name;
      this.text = text;
    }

    @Override
    public Reader read() {
      return new StringReader(text);
    }

    @Override
    public String getAbsolutePath() {
      return name;
    }

    @Override
    public @Nullable String getAbsolutePathOnDisk() {
      return null;
    }

    @Override
    public String getFilename() {
      return name;
    }

    @Override
    public String getRelativePath() {
      return name;
    }
  }
}
