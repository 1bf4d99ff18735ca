package dev.countersign.box;

import dev.countersign.protocol.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Files that only their owner may read: keys and passwords.
public final class PrivateFiles {
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private PrivateFiles() {}

  /// The text of the file. Where there is none, makes it with `content`; when two processes do so
  /// at once, both get the text of one of them.
  ///
  /// @throws IllegalArgumentException if others may read or write the file
  public static String loadOrCreate(Path file, Supplier<String> content) {
    try {
      Optional<String> found = load(file);
      if (found.isPresent()) {
        return found.get();
      }
      create(file, content.get());
      return load(file).orElseThrow(() -> new NoSuchFileException(file.toString()));
    } catch (IOException failed) {
      throw new UncheckedIOException(file + ": cannot be made or read", failed);
    }
  }

  /// The text of the file, or empty where there is none.
  ///
  /// @throws IllegalArgumentException if others may read or write the file
  static Optional<String> load(Path file) throws IOException {
    try {
      for (PosixFilePermission permission : Files.getPosixFilePermissions(file)) {
        if (OTHERS.contains(permission)) {
          throw new IllegalArgumentException(
              file + ": others may read or write this secret; run: chmod 600 " + file);
        }
      }
      return Optional.of(Files.readString(file).strip());
    } catch (NoSuchFileException missing) {
      return Optional.empty();
    }
  }

  // Written aside, made durable, then linked into place: a reader sees all of it or nothing, and a
  // file that another process made meanwhile stays.
  private static void create(Path file, String text) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path folder = absolute.getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      Files.createDirectories(folder, OWNER_FOLDER);
    }
    Path aside = absolute.resolveSibling("." + absolute.getFileName() + "." + Ids.base62(8));
    try {
      try (var channel =
          FileChannel.open(
              aside, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER_ONLY)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text + "\n");
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.createLink(absolute, aside);
    } catch (FileAlreadyExistsException other) {
      // Another process was first; its content counts.
    } finally {
      Files.deleteIfExists(aside);
    }
  }
}
