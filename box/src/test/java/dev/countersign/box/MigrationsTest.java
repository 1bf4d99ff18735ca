package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.Secret;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MigrationsTest {
  private static final String MIGRATIONS = "dev/countersign/box/migrations";

  private final TestState state = TestState.shared();

  @Test
  void runsTheScriptsOnce() {
    for (int i = 0; i < 2; i++) {
      state.migrated("notes", "twice", MIGRATIONS);
    }
    try (var database = state.open("notes", "twice", MIGRATIONS)) {
      assertThat(database.isUp()).isTrue();
    }
  }

  @Test
  void letsTwoProcessesMigrateAtOnce() throws Exception {
    state.migrated("notes", "first", MIGRATIONS);
    var owner = ownerOf();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var runs =
          IntStream.range(0, 4)
              .mapToObj(_ ->
                  threads.submit(
                      () -> Migrations.run(owner, "at_once", "countersign_notes", MIGRATIONS)))
              .toList();
      for (var run : runs) {
        run.get();
      }
    }
    try (var database = state.open("notes", "at_once", MIGRATIONS)) {
      assertThat(
              database.<Boolean>query(
                  c -> c.createStatement().execute("INSERT INTO note VALUES (1, 'x')")))
          .isFalse();
    }
  }

  @Test
  void refusesAScriptThatWasChangedAfterItHadBeenRun() {
    state.migrated("notes", "changed", MIGRATIONS);
    state.execute(
        state.superuser().database("countersign"),
        "UPDATE changed.migration_history SET checksum = 1 WHERE version = '1';"
            + " COMMENT ON TABLE changed.migration_history IS 'older'");
    assertThatThrownBy(() -> state.migrated("notes", "changed", MIGRATIONS))
        .isInstanceOf(Migrations.MigrationFailure.class)
        .hasMessageContaining("schema changed");
  }

  @Test
  void refusesAFolderWithoutScripts() {
    assertThatThrownBy(() -> Migrations.run(ownerOf(), "none", "none", "dev/countersign/none"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dev/countersign/none");
  }

  @Test
  void saysThatTheDatabaseIsAway() {
    var nowhere =
        new DatabaseSettings("jdbc:postgresql://127.0.0.1:1/none", "none", new Secret("none"));
    assertThatThrownBy(() -> Migrations.run(nowhere, "s", "u", MIGRATIONS))
        .isInstanceOf(DatabaseAway.class);
  }

  @Test
  void findsScriptsInAJar(@TempDir Path folder) throws Exception {
    Path jar = folder.resolve("some room.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (String entry : new String[] {"a/", "a/b/", "a/b/V1__x.sql", "a/b/c/", "a/b/notes.txt"}) {
        out.putNextEntry(new JarEntry(entry));
        if (entry.endsWith(".sql")) {
          out.write("SELECT 1".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        out.closeEntry();
      }
    }
    try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
      assertThat(Scripts.in("a/b", loader).texts()).containsOnlyKeys("V1__x.sql");
    }
  }

  private DatabaseSettings ownerOf() {
    return state.owner();
  }
}
