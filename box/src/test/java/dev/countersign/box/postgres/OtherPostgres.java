package dev.countersign.box.postgres;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.FreePort;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A PostgreSQL of another version than the embedded one, from the archive of its programs, in a
/// temporary folder that goes when it is closed.
public final class OtherPostgres implements AutoCloseable {
  private final Path folder;
  private final Postmaster postmaster;
  private final int port;
  private final Secret password;

  private OtherPostgres(Path folder, Postmaster postmaster, int port, Secret password) {
    this.folder = folder;
    this.postmaster = postmaster;
    this.port = port;
    this.password = password;
  }

  /// Starts one.
  ///
  /// @param archive `postgres.txz`
  public static OtherPostgres start(Path archive) throws IOException {
    ServerAccount account = ServerAccount.choose();
    Path folder = Files.createTempDirectory("countersign-postgres-");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path programs = Files.createDirectory(folder.resolve("programs"));
    run(List.of("tar", "-xJf", archive.toString(), "-C", programs.toString()), folder);
    var password = new Secret(Ids.base62(32));
    Path passwordFile = folder.resolve("password");
    Files.writeString(passwordFile, password.reveal() + "\n");
    account.give(passwordFile);
    Path cluster = folder.resolve("cluster");
    account.makeFolder(cluster);
    run(
        account.command(
            List.of(
                programs.resolve("bin").resolve("initdb").toString(),
                "--pgdata=" + cluster,
                "--username=postgres",
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions")),
        folder);
    int port = FreePort.any();
    Postmaster postmaster =
        Postmaster.launch(
            account,
            cluster,
            Files.createFile(folder.resolve("postgres.log")),
            List.of(
                programs.resolve("bin").resolve("postgres").toString(),
                "-D",
                cluster.toString(),
                "-p",
                String.valueOf(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off"));
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!postmaster.isReady()) {
      if (System.nanoTime() > end || !postmaster.isAlive()) {
        postmaster.stop();
        throw new IOException(Files.readString(folder.resolve("postgres.log")));
      }
      Postmaster.pause(20);
    }
    return new OtherPostgres(folder, postmaster, port, password);
  }

  private static void run(List<String> command, Path folder) throws IOException {
    Path log = folder.resolve("set-up.log");
    Process process =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command.getFirst() + " failed: " + Files.readString(log));
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", interrupted);
    }
  }

  /// Its superuser, in the database `postgres`.
  public DatabaseSettings superuser() {
    return new DatabaseSettings(
        "jdbc:postgresql://127.0.0.1:" + port + "/postgres", "postgres", password);
  }

  @Override
  public void close() {
    postmaster.stop();
    Folders.delete(folder);
  }
}
