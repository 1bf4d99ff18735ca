package dev.countersign.box;

import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.ScramVerifier;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One real PostgreSQL for all tests of a JVM, in a temporary folder that goes when the JVM ends.
public final class TestState {
  private static final Database.Limits PATIENT =
      new Database.Limits(8, Duration.ofSeconds(30), Duration.ofSeconds(60));

  private static @Nullable TestState shared;

  private final EmbeddedPostgres postgres;
  private final Path folder;
  private final Map<String, Secret> passwords = new ConcurrentHashMap<>();

  private TestState(EmbeddedPostgres postgres, Path folder) {
    this.postgres = postgres;
    this.folder = folder;
  }

  /// The one of this JVM, started when first asked for.
  public static synchronized TestState shared() {
    if (shared == null) {
      try {
        Path folder = Files.createTempDirectory("countersign-test-");
        EmbeddedPostgres postgres = EmbeddedPostgres.start(folder);
        shared = new TestState(postgres, folder);
        shared.hurry();
        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(() -> {
                  postgres.close();
                  delete(folder);
                }));
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
    return shared;
  }

  // What is lost when the machine crashes is of no interest to a test.
  private void hurry() {
    for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
      execute(superuser(), "ALTER SYSTEM SET " + setting + " = off");
    }
    execute(superuser(), "SELECT pg_reload_conf()");
  }

  /// Makes the box's user and schema, migrates, and opens a pool as the box's user with the schema
  /// as search path. Different schemas of one box do not see each other.
  public Database open(String box, String schema, String migrationsLocation) {
    return Database.open(box, migrated(box, schema, migrationsLocation), PATIENT);
  }

  /// The same without a pool: the settings of the box's user.
  public synchronized DatabaseSettings migrated(
      String box, String schema, String migrationsLocation) {
    StateDatabase state =
        StateDatabase.provision(superuser(), folder.resolve("secrets"), List.of(box));
    Migrations.run(state.owner(), schema, StateDatabase.user(box), migrationsLocation);
    DatabaseSettings settings = state.box(box);
    return new DatabaseSettings(
        settings.url() + "?currentSchema=" + schema, settings.user(), settings.password());
  }

  /// The superuser, in the database `postgres`.
  public DatabaseSettings superuser() {
    return postgres.superuser();
  }

  /// The owner of the state's schemas, in the database `countersign`.
  public synchronized DatabaseSettings owner() {
    return StateDatabase.provision(superuser(), folder.resolve("secrets"), List.of()).owner();
  }

  /// A user of this name in any database; made at the first call, with a random password, without
  /// any rights.
  public synchronized DatabaseSettings settings(String database, String user) {
    Secret password =
        passwords.computeIfAbsent(
            user,
            name -> {
              Secret made = ScramVerifier.newPassword();
              execute(
                  superuser(),
                  "CREATE ROLE " + name + " LOGIN PASSWORD '" + ScramVerifier.of(made) + "'");
              return made;
            });
    return postgres.settings(database, user, password);
  }

  /// Makes an empty database and returns the superuser's settings for it.
  public DatabaseSettings createDatabase(String name) {
    execute(superuser(), "CREATE DATABASE " + name);
    return superuser().database(name);
  }

  /// Runs statements as the superuser of a database.
  public void execute(DatabaseSettings settings, String sql) {
    try (var connection = Database.connect(settings);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> content = Files.walk(folder)) {
      for (Path each : content.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException | UncheckedIOException leftOver) {
      // The system clears its folder of temporary files.
    }
  }
}
