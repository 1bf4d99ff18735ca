package dev.countersign.box.postgres;

import dev.countersign.protocol.Ids;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/// PostgreSQL's programs for this platform, unpacked once per machine and user from the class path.
final class PostgresBinaries {
  static final String VERSION = "18.6.0";

  private static final Path SHARED_CACHE = Path.of("/var/cache/countersign");

  private final Path folder;

  private PostgresBinaries(Path folder) {
    this.folder = folder;
  }

  /// Finds the programs, unpacking them if this is the first time.
  ///
  /// @throws PostgresStartFailure if there are none for this platform, or there is no room for them
  static PostgresBinaries unpacked(ServerAccount account, Consumer<String> progress) {
    String platform = platform();
    Path cache = cache(account);
    Path folder = cache.resolve("postgres-" + VERSION + "-" + platform);
    if (!Files.isExecutable(program(folder, "postgres"))) {
      unpack("/postgres-" + platform + ".txz", platform, folder, progress);
    }
    return new PostgresBinaries(folder);
  }

  Path program(String name) {
    return program(folder, name);
  }

  private static Path program(Path folder, String name) {
    return folder.resolve("bin").resolve(name);
  }

  private static String platform() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String name = system.startsWith("mac") ? "darwin" : system.replaceAll("[^a-z0-9]", "");
    String arch =
        switch (machine) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm_64";
          default -> machine;
        };
    return name + "-" + arch;
  }

  private static Path cache(ServerAccount account) {
    String configured = System.getenv("XDG_CACHE_HOME");
    Path home =
        configured == null || configured.isBlank() || !Path.of(configured).isAbsolute()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(configured);
    Path own = home.resolve("countersign");
    Path chosen = account.isOther() && !reachable(account, own) ? SHARED_CACHE : own;
    try {
      Files.createDirectories(chosen);
    } catch (IOException failed) {
      throw new PostgresStartFailure(
          "cannot make the folder "
              + chosen
              + " for PostgreSQL's programs: "
              + reason(failed)
              + "; set XDG_CACHE_HOME to a folder that can be written",
          failed);
    }
    return chosen;
  }

  private static boolean reachable(ServerAccount account, Path folder) {
    Path existing = folder;
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    return existing != null && account.reaches(existing);
  }

  private static void unpack(
      String resource, String platform, Path folder, Consumer<String> progress) {
    Path aside = folder.resolveSibling("." + folder.getFileName() + "." + Ids.base62(8));
    try (InputStream packed = PostgresBinaries.class.getResourceAsStream(resource)) {
      if (packed == null) {
        throw new PostgresStartFailure(
            "there is no embedded PostgreSQL for "
                + platform
                + " in this build; build on this platform, or point the configuration to a PostgreSQL"
                + " server");
      }
      progress.accept("unpacking PostgreSQL " + VERSION);
      Files.createDirectories(aside);
      extract(packed, aside);
      moveIntoPlace(aside, folder);
    } catch (IOException failed) {
      throw new PostgresStartFailure(
          "cannot unpack PostgreSQL into " + folder.getParent() + ": " + reason(failed), failed);
    } finally {
      Folders.delete(aside);
    }
  }

  // A folder that is there already is another process's complete one, or one that lost its
  // programs.
  private static void moveIntoPlace(Path aside, Path folder) throws IOException {
    if (Files.exists(folder) && !Files.isExecutable(program(folder, "postgres"))) {
      Folders.delete(folder);
    }
    try {
      Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (DirectoryNotEmptyException | FileAlreadyExistsException other) {
      if (!Files.isExecutable(program(folder, "postgres"))) {
        throw other;
      }
    }
  }

  private static void extract(InputStream packed, Path target) throws IOException {
    try (var tar =
        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(packed, 1 << 16)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path file = target.resolve(entry.getName()).normalize();
        if (!file.startsWith(target)) {
          throw new IOException("the archive names a file outside itself");
        }
        if (entry.isDirectory()) {
          Files.createDirectories(file);
        } else {
          Files.createDirectories(Optional.ofNullable(file.getParent()).orElse(target));
          write(tar, entry, file, target);
        }
      }
    }
  }

  private static void write(
      TarArchiveInputStream tar, TarArchiveEntry entry, Path file, Path target) throws IOException {
    if (entry.isSymbolicLink()) {
      Path parent = Optional.ofNullable(file.getParent()).orElse(target);
      if (!parent.resolve(entry.getLinkName()).normalize().startsWith(target)) {
        throw new IOException("the archive links to a file outside itself");
      }
      Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
      return;
    }
    try (var out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
      tar.transferTo(out);
    }
    boolean executable = (entry.getMode() & 0100) != 0;
    Files.setPosixFilePermissions(
        file, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
  }

  /// The reason of a failed file operation in plain words.
  static String reason(IOException failed) {
    String message = String.valueOf(failed.getMessage());
    if (message.contains("No space left")) {
      return "the disk is full";
    }
    if (message.contains("Read-only")) {
      return "the file system is read-only";
    }
    return failed instanceof java.nio.file.AccessDeniedException
            || failed instanceof FileNotFoundException
        ? "access is denied"
        : message;
  }
}
