package dev.countersign.box.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.FreePort;
import dev.countersign.box.Migrations;
import dev.countersign.box.PrivateFiles;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A real PostgreSQL server of our own in one data folder: passwords for everyone, listening on
/// loopback only, durable, and ended when this process ends, however it ends.
///
/// The data folder holds `postgres/` (the cluster), `postgres.log`, `superuser-password` and a
/// lock. Threads may share it.
public final class EmbeddedPostgres implements AutoCloseable {
  /// The name of the superuser.
  public static final String SUPERUSER = "postgres";

  private static final int START_ATTEMPTS = 5;
  private static final long START_MILLIS = 30_000;
  private static final long PROGRESS_AFTER_MILLIS = 2_000;
  private static final String OPEN = "cluster-is-new";
  private static final long MAX_LOG = 16L << 20;
  private static final Path RELOCATED = Path.of("/var/lib/countersign");

  private final Postmaster postmaster;
  private final FileChannel lock;
  private final int port;
  private final Secret superuserPassword;

  private EmbeddedPostgres(
      Postmaster postmaster, FileChannel lock, int port, Secret superuserPassword) {
    this.postmaster = postmaster;
    this.lock = lock;
    this.port = port;
    this.superuserPassword = superuserPassword;
  }

  /// Starts the server, making the cluster if the folder has none.
  ///
  /// @throws PostgresStartFailure with one line for the operator
  public static EmbeddedPostgres start(Path dataFolder) {
    return start(dataFolder, _ -> {});
  }

  /// Starts the server, making the cluster if the folder has none.
  ///
  /// @param progress told in a few words about each step that takes a while
  /// @throws PostgresStartFailure with one line for the operator
  public static EmbeddedPostgres start(Path dataFolder, Consumer<String> progress) {
    Path folder = dataFolder.toAbsolutePath().normalize();
    ServerAccount account = ServerAccount.choose();
    @Nullable FileChannel lock = null;
    boolean started = false;
    try {
      makeFolder(folder, account);
      lock = lock(folder);
      PostgresBinaries binaries = PostgresBinaries.unpacked(account, progress);
      Secret password =
          new Secret(
              PrivateFiles.loadOrCreate(
                  folder.resolve("superuser-password"),
                  () -> ScramVerifier.newPassword().reveal()));
      Path cluster = cluster(folder, account);
      Path log = rotatedLog(folder);
      Postmaster.endOrphan(cluster);
      if (!Files.exists(cluster.resolve("PG_VERSION"))) {
        progress.accept("making a new database cluster");
        Migrations.warmUp();
        Files.writeString(folder.resolve(OPEN), "");
        initialise(binaries, account, cluster, log, password);
      }
      EmbeddedPostgres server = launch(binaries, account, cluster, log, password, lock, progress);
      try {
        server.shut(folder.resolve(OPEN));
      } catch (SQLException | IOException | RuntimeException failed) {
        server.close();
        throw new PostgresStartFailure("PostgreSQL started but cannot be set up", failed);
      }
      started = true;
      return server;
    } catch (IOException failed) {
      throw new PostgresStartFailure(
          "cannot use the data folder " + folder + ": " + PostgresBinaries.reason(failed), failed);
    } catch (UncheckedIOException failed) {
      throw new PostgresStartFailure(
          "cannot use the data folder "
              + folder
              + ": "
              + PostgresBinaries.reason(new IOException(failed.getCause())),
          failed);
    } finally {
      if (!started) {
        release(lock);
      }
    }
  }

  // A new cluster lets each of its users into its two databases. The mark stays until that is over.
  // The superuser gets the same password again, in the form that is quick to check.
  private void shut(Path mark) throws SQLException, IOException {
    if (!Files.exists(mark)) {
      return;
    }
    try (var connection = Database.connect(superuser());
        var statement = connection.createStatement()) {
      statement.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC");
      statement.execute("REVOKE ALL ON DATABASE template1 FROM PUBLIC");
      statement.execute(
          "ALTER ROLE " + SUPERUSER + " PASSWORD '" + ScramVerifier.of(superuserPassword) + "'");
    }
    Files.delete(mark);
  }

  private static void makeFolder(Path folder, ServerAccount account) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    if (account.isOther()) {
      // The server's account has to pass through; it cannot list the folder or read our files.
      var permissions = Files.getPosixFilePermissions(folder);
      if (permissions.add(PosixFilePermission.OTHERS_EXECUTE)) {
        Files.setPosixFilePermissions(folder, permissions);
      }
    }
  }

  private static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock held = null;
    try {
      held = channel.tryLock();
    } catch (OverlappingFileLockException ours) {
      // Held by this very process: the same as held by another.
    }
    if (held == null) {
      channel.close();
      throw new PostgresStartFailure(
          "the data folder "
              + folder
              + " is in use by a running Countersign; stop that one or choose another folder");
    }
    return channel;
  }

  private static void release(@Nullable FileChannel lock) {
    try {
      if (lock != null) {
        lock.close();
      }
    } catch (IOException closed) {
      // The lock ends with the channel in any case.
    }
  }

  // As root, the data folder may lie where no other account can reach it, such as below /root. Then
  // the cluster lives elsewhere, and a file in the data folder says where.
  private static Path cluster(Path folder, ServerAccount account) throws IOException {
    Path pointer = folder.resolve("cluster-location");
    if (Files.exists(pointer)) {
      return Path.of(Files.readString(pointer).strip());
    }
    Path inside = folder.resolve("postgres");
    if (account.reaches(folder) || Files.exists(inside)) {
      return inside;
    }
    Path elsewhere = RELOCATED.resolve(Ids.base62(16));
    Files.createDirectories(RELOCATED);
    Files.setPosixFilePermissions(RELOCATED, PosixFilePermissions.fromString("rwx--x--x"));
    Files.writeString(pointer, elsewhere + "\n");
    return elsewhere;
  }

  private static Path rotatedLog(Path folder) throws IOException {
    Path log = folder.resolve("postgres.log");
    if (Files.exists(log) && Files.size(log) > MAX_LOG) {
      Files.move(log, folder.resolve("postgres.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    if (!Files.exists(log)) {
      Files.createFile(
          log, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    return log;
  }

  // Made aside and renamed when complete, so that an interrupted start leaves nothing half done.
  private static void initialise(
      PostgresBinaries binaries, ServerAccount account, Path cluster, Path log, Secret password)
      throws IOException {
    Path aside = cluster.resolveSibling(cluster.getFileName() + ".new");
    Folders.delete(aside);
    account.makeFolder(aside);
    Path passwordFile = cluster.resolveSibling(cluster.getFileName() + ".password");
    Files.deleteIfExists(passwordFile);
    try {
      Files.createFile(
          passwordFile,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(passwordFile, password.reveal() + "\n");
      account.give(passwordFile);
      run(
          account.command(
              List.of(
                  binaries.program("initdb").toString(),
                  "--pgdata=" + aside,
                  "--username=" + SUPERUSER,
                  "--pwfile=" + passwordFile,
                  "--auth=scram-sha-256",
                  "--encoding=UTF8",
                  "--locale=C",
                  "--locale-provider=builtin",
                  "--builtin-locale=C.UTF-8",
                  "--no-instructions")),
          log,
          aside);
      Files.move(aside, cluster, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(passwordFile);
      Folders.delete(aside);
    }
  }

  private static void run(List<String> command, Path log, Path folder) throws IOException {
    long logStart = Files.size(log);
    var builder =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(name -> !name.equals("PATH") && !name.equals("TZ"));
    Process process = builder.start();
    process.getOutputStream().close();
    try {
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new PostgresStartFailure(
            "making a database cluster in " + folder + " takes too long");
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new PostgresStartFailure("interrupted while making a database cluster", interrupted);
    }
    if (process.exitValue() != 0) {
      throw StartTrouble.explain(log, logStart, process.exitValue());
    }
  }

  private static EmbeddedPostgres launch(
      PostgresBinaries binaries,
      ServerAccount account,
      Path cluster,
      Path log,
      Secret password,
      FileChannel lock,
      Consumer<String> progress)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      Postmaster.forgetForeignPid(cluster);
      long logStart = Files.size(log);
      int port = FreePort.any();
      Postmaster postmaster =
          Postmaster.launch(
              account,
              cluster,
              log,
              List.of(
                  binaries.program("postgres").toString(),
                  "-D",
                  cluster.toString(),
                  "-p",
                  Integer.toString(port),
                  "-c",
                  "listen_addresses=127.0.0.1",
                  "-c",
                  "unix_socket_directories=",
                  "-c",
                  "max_connections=200",
                  "-c",
                  "password_encryption=scram-sha-256",
                  "-c",
                  "log_line_prefix=%m [%p] %u@%d ",
                  "-c",
                  "log_timezone=UTC",
                  "-c",
                  "timezone=UTC",
                  "-c",
                  "jit=off"));
      if (await(postmaster, progress)) {
        return new EmbeddedPostgres(postmaster, lock, port, password);
      }
      boolean ended = !postmaster.isAlive();
      int status = ended ? postmaster.exitValue() : 0;
      postmaster.stop();
      if (!ended) {
        throw new PostgresStartFailure(
            "PostgreSQL does not become ready in time; its log is " + log);
      }
      if (attempt == START_ATTEMPTS || !StartTrouble.passes(log, logStart)) {
        throw StartTrouble.explain(log, logStart, status);
      }
      Postmaster.pause(200L * attempt);
    }
  }

  private static boolean await(Postmaster postmaster, Consumer<String> progress) {
    long begin = System.nanoTime();
    boolean told = false;
    while (postmaster.isAlive()) {
      if (postmaster.isReady()) {
        return true;
      }
      long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
      if (waited > START_MILLIS || Thread.currentThread().isInterrupted()) {
        return false;
      }
      if (!told && waited > PROGRESS_AFTER_MILLIS) {
        told = true;
        progress.accept("waiting for PostgreSQL");
      }
      Postmaster.pause(10);
    }
    return false;
  }

  /// The superuser, in the database `postgres`.
  public DatabaseSettings superuser() {
    return settings("postgres", SUPERUSER, superuserPassword);
  }

  /// Settings for any database and user of this server.
  public DatabaseSettings settings(String database, String user, Secret password) {
    return new DatabaseSettings(
        "jdbc:postgresql://127.0.0.1:" + port + "/" + database, user, password);
  }

  public int port() {
    return port;
  }

  /// Whether the server process runs.
  public boolean isRunning() {
    return postmaster.isAlive();
  }

  /// Stops the server and waits for its end. The data stays.
  @Override
  public void close() {
    postmaster.stop();
    release(lock);
  }

  /// Deletes what a data folder holds, for a fresh start.
  ///
  /// @throws PostgresStartFailure if a running Countersign uses it
  public static void delete(Path dataFolder) {
    Path folder = dataFolder.toAbsolutePath().normalize();
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (FileChannel held = lock(folder)) {
      Path cluster = cluster(folder, ServerAccount.choose());
      Postmaster.endOrphan(cluster);
      Folders.delete(cluster);
      for (String name :
          List.of(
              OPEN, "cluster-location", "postgres.log", "postgres.log.1", "superuser-password")) {
        Files.deleteIfExists(folder.resolve(name));
      }
      if (held.isOpen()) {
        Files.deleteIfExists(folder.resolve("lock"));
      }
    } catch (IOException failed) {
      throw new PostgresStartFailure(
          "cannot delete the data folder " + folder + ": " + PostgresBinaries.reason(failed),
          failed);
    }
  }

  static String text(Path file, long from) throws IOException {
    try (var channel = FileChannel.open(file)) {
      channel.position(Math.max(from, channel.size() - 65_536));
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
