package dev.countersign.box.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The operating system user that PostgreSQL runs as: ourselves, or, as PostgreSQL refuses to run
/// as root, another one.
final class ServerAccount {
  private static final List<String> CANDIDATES = List.of("postgres", "nobody");

  private final @Nullable UserPrincipal other;

  private ServerAccount(@Nullable UserPrincipal other) {
    this.other = other;
  }

  /// @throws PostgresStartFailure if we are root and there is no other user to run as
  static ServerAccount choose() {
    if (!isRoot()) {
      return new ServerAccount(null);
    }
    for (String name : CANDIDATES) {
      Optional<UserPrincipal> user = user(name);
      if (user.isPresent()) {
        return new ServerAccount(user.get());
      }
    }
    throw new PostgresStartFailure(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run"
            + " it as; start Countersign as an ordinary user");
  }

  private static boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException notLinux) {
      return System.getProperty("user.name").equals("root");
    }
  }

  private static Optional<UserPrincipal> user(String name) {
    try {
      return Optional.of(
          Path.of("/").getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name));
    } catch (UserPrincipalNotFoundException unknown) {
      return Optional.empty();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// The command, so that it runs as this account.
  List<String> command(List<String> command) {
    if (other == null) {
      return command;
    }
    String name = other.getName();
    List<String> prefix;
    if (find("setpriv").isPresent()) {
      prefix =
          List.of(
              "setpriv",
              "--reuid=" + name,
              "--regid=" + group(name),
              "--clear-groups",
              "--no-new-privs",
              "--");
    } else if (find("runuser").isPresent()) {
      prefix = List.of("runuser", "-u", name, "--");
    } else if (find("sudo").isPresent()) {
      prefix = List.of("sudo", "-n", "-u", name, "--");
    } else {
      throw new PostgresStartFailure(
          "PostgreSQL does not run as root, and none of setpriv, runuser and sudo is there to run it"
              + " as user "
              + name
              + "; start Countersign as an ordinary user");
    }
    var all = new ArrayList<>(prefix);
    all.addAll(command);
    return all;
  }

  private static String group(String user) {
    try {
      Process id =
          new ProcessBuilder("id", "-g", user)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String group = new String(id.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return group.strip();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// Where a program of this name is on the path.
  static Optional<Path> find(String program) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
    for (String folder : (path + ":/usr/sbin:/sbin").split(":", -1)) {
      Path candidate = Path.of(folder.isEmpty() ? "." : folder, program);
      if (Files.isExecutable(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /// Whether the account may pass through all folders above and including this one.
  boolean reaches(Path folder) {
    if (other == null) {
      return true;
    }
    try {
      for (Path step = folder.toRealPath(); step != null; step = step.getParent()) {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(step);
        if (!permissions.contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return false;
        }
      }
      return true;
    } catch (IOException unreadable) {
      return false;
    }
  }

  /// Makes a folder that only this account uses.
  void makeFolder(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    give(folder);
  }

  /// Makes the account own a file.
  void give(Path file) throws IOException {
    if (other != null) {
      Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setOwner(other);
    }
  }

  boolean isOther() {
    return other != null;
  }
}
