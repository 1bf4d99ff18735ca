package dev.countersign.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Other people's programs, as `counterparts/fetch.sh` has laid them out.
final class Fetched {
  private final Path folder;

  private Fetched(Path folder) {
    this.folder = folder;
  }

  /// Fetches what is not there yet.
  ///
  /// @param home the project's folder
  /// @param what `keycloak`, or `browser` for Node.js, its packages and Chromium
  static Fetched by(Path home, String what) throws IOException, InterruptedException {
    Path folder = home.resolve("target").resolve("counterparts");
    Files.createDirectories(folder);
    var fetch =
        new ProcessBuilder(
            "sh",
            home.resolve("counterparts").resolve("fetch.sh").toString(),
            home.toString(),
            folder.toString(),
            what);
    fetch.environment().put("JAVA_HOME", System.getProperty("java.home"));
    fetch.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    fetch.start().waitFor();
    return new Fetched(folder);
  }

  /// Where one of them lies.
  ///
  /// @throws IOException saying why it is missing
  Path program(String name) throws IOException {
    Path link = folder.resolve(name);
    if (!Files.exists(link)) {
      Path reason = folder.resolve(name + ".missing");
      throw new IOException(
          Files.exists(reason) ? Files.readString(reason).strip() : name + " is missing");
    }
    return link;
  }
}
