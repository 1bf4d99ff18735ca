package dev.countersign.server;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.protocol.Secret;
import dev.countersign.server.config.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A command's way into the state of an installation that may or may not be running: the server
/// that runs, or the embedded one started for this command.
final class StateAccess implements AutoCloseable {
  private static final int PORT_LINE = 3;

  private final DatabaseSettings owner;
  private final Path secrets;
  private final @Nullable EmbeddedPostgres started;

  private StateAccess(DatabaseSettings owner, Path secrets, @Nullable EmbeddedPostgres started) {
    this.owner = owner;
    this.secrets = secrets;
    this.started = started;
  }

  static StateAccess open(Installation installation) {
    Path secrets = installation.data().resolve("secrets");
    Optional<DatabaseSettings> known =
        installation.postgres().or(() -> running(installation.data()));
    if (known.isPresent()) {
      return new StateAccess(known.get(), secrets, null);
    }
    if (!Files.isDirectory(installation.data())) {
      throw new IllegalStateException(
          installation.data() + " does not exist: nothing has run with this configuration yet");
    }
    EmbeddedPostgres postgres = EmbeddedPostgres.start(installation.data());
    return new StateAccess(postgres.superuser(), secrets, postgres);
  }

  /// A database of this server, as the server's owner.
  DatabaseSettings database(String name) {
    return owner.database(name);
  }

  /// The login of a box, in its own schema.
  DatabaseSettings box(String name) {
    return StateDatabase.provision(owner, secrets, Installation.BOXES).box(name);
  }

  /// The broker's login in a business database of this server.
  DatabaseSettings mintLogin(String name) {
    return new Targets(owner, secrets).mintLogin(name);
  }

  /// The login that may read the ledger and nothing else.
  DatabaseSettings auditor() {
    return StateDatabase.provision(owner, secrets, Installation.BOXES).auditor();
  }

  /// The login that owns the state's schemas, the ledger's among them.
  DatabaseSettings ledgerOwner() {
    return StateDatabase.provision(owner, secrets, Installation.BOXES).owner();
  }

  /// The login that runs migrations.
  DatabaseSettings owner() {
    return owner;
  }

  @Override
  public void close() {
    if (started != null) {
      started.close();
    }
  }

  /// The embedded server of this data folder, if one runs: PostgreSQL notes its port in
  /// `postmaster.pid`.
  private static Optional<DatabaseSettings> running(Path data) {
    try {
      Path pointer = data.resolve("cluster-location"); // as root the cluster lies elsewhere
      Path cluster =
          Files.isRegularFile(pointer)
              ? Path.of(Files.readString(pointer).strip())
              : data.resolve("postgres");
      List<String> note = Files.readAllLines(cluster.resolve("postmaster.pid"));
      long pid = Long.parseLong(note.getFirst().strip());
      if (note.size() <= PORT_LINE || ProcessHandle.of(pid).isEmpty()) {
        return Optional.empty();
      }
      String password = Files.readString(data.resolve("superuser-password")).strip();
      return Optional.of(
          new DatabaseSettings(
              "jdbc:postgresql://127.0.0.1:" + note.get(PORT_LINE).strip() + "/postgres",
              EmbeddedPostgres.SUPERUSER,
              new Secret(password)));
    } catch (IOException | NumberFormatException notRunning) {
      return Optional.empty();
    }
  }
}
