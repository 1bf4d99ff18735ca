package dev.countersign.protocol;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// The test vectors that others publish. They lie outside this repository: in the folder that the
/// variable `COUNTERSIGN_VECTORS` names, or in `shared/data` beside it or above.
final class Vectors {
  private Vectors() {}

  /// A file of the vectors; the test is skipped, with the reason, where they are not there.
  static Path file(String name) {
    Path folder = folder();
    Assumptions.assumeTrue(
        Files.isDirectory(folder),
        "the vectors are not there: name their folder in COUNTERSIGN_VECTORS, or put it at shared/data beside the repository");
    return folder.resolve(name);
  }

  private static Path folder() {
    String named = System.getenv("COUNTERSIGN_VECTORS");
    if (named != null) {
      return Path.of(named);
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path folder = at.resolve("shared").resolve("data");
      if (Files.isDirectory(folder)) {
        return folder;
      }
    }
    return Path.of("shared", "data");
  }

  static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  static List<Path> files(String name) {
    try (Stream<Path> files = Files.list(file(name))) {
      return files.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
