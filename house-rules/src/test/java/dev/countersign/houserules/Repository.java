package dev.countersign.houserules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/// The files of the source tree, without what builds and runs leave behind.
final class Repository {
  static final Path ROOT = root();

  private static final Set<String> NOT_OURS =
      Set.of(".git", ".countersign", "node_modules", ".idea", ".vscode");
  private static final Set<String> BINARY = Set.of("png", "jpg", "ico", "woff2", "p12", "jar");

  private Repository() {}

  /// All files, by their path from the root.
  static List<Path> files() {
    var files = new ArrayList<Path>();
    try {
      Files.walkFileTree(
          ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              return isOurs(ROOT.relativize(folder))
                  ? FileVisitResult.CONTINUE
                  : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (attributes.isRegularFile()) {
                files.add(ROOT.relativize(file));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    files.sort(null);
    return files;
  }

  /// What a build makes lies in `target` of the root or of a module; deeper, the name is ours.
  private static boolean isOurs(Path folder) {
    return !NOT_OURS.contains(folder.getFileName().toString())
        && !(folder.getNameCount() <= 2 && folder.endsWith("target"));
  }

  /// The files that people read as text.
  static List<Path> texts() {
    return files().stream().filter(file -> !BINARY.contains(extension(file))).toList();
  }

  static List<Path> withExtension(String extension) {
    return files().stream().filter(file -> extension(file).equals(extension)).toList();
  }

  static String read(Path file) {
    try {
      return new String(Files.readAllBytes(ROOT.resolve(file)), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String extension(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = Objects.requireNonNull(folder.getParent(), "not inside the project");
    }
    return folder;
  }
}
