package dev.countersign.box.postgres;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Reads from the server's log why it did not start, and what the operator can do.
final class StartTrouble {
  private static final int ILLEGAL_INSTRUCTION = 128 + 4;

  private record Known(String sign, String advice) {}

  private static final List<Known> KNOWN =
      List.of(
          new Known("No space left on device", "the disk is full; free some space"),
          new Known("could not extend file", "the disk is full; free some space"),
          new Known("Read-only file system", "the file system of the data folder is read-only"),
          new Known(
              "Disk quota exceeded", "the disk quota of the user is used up; free some space"),
          new Known(
              "could not resize shared memory",
              "there is too little shared memory; enlarge /dev/shm (Docker: --shm-size=128m)"),
          new Known(
              "could not create shared memory",
              "there is too little shared memory; enlarge the system's limit"),
          new Known(
              "are incompatible with server",
              "the data folder was made by another version of PostgreSQL; dump and load it, or start"
                  + " with a fresh folder"),
          new Known(
              "has wrong ownership",
              "the data folder belongs to another user; start as that user, or give it away with"
                  + " chown"),
          new Known(
              "Permission denied",
              "the user that runs PostgreSQL may not read or write the data folder or the programs"),
          new Known(
              "could not look up effective user ID",
              "the user of this process has no name on this system; add it to /etc/passwd"),
          new Known(
              "error while loading shared libraries",
              "a library of the operating system is missing; the log names it"),
          new Known(
              "required file not found",
              "its programs need a glibc system; point the configuration to a PostgreSQL server"),
          new Known(
              "Exec format error",
              "its programs are for another processor; build on this machine, or point the"
                  + " configuration to a PostgreSQL server"),
          new Known(
              "invalid checkpoint record",
              "the data folder is damaged; restore a backup, or start with a fresh folder"));

  private static final List<String> PASSING =
      List.of(
          "could not bind IPv4 address",
          "could not create any TCP/IP sockets",
          "pre-existing shared memory block",
          "lock file \"postmaster.pid\" already exists");

  private StartTrouble() {}

  /// Whether trying again may help: another port, or an old server that is just ending.
  static boolean passes(Path log, long from) throws IOException {
    String text = EmbeddedPostgres.text(log, from);
    return PASSING.stream().anyMatch(text::contains);
  }

  static PostgresStartFailure explain(Path log, long from, int status) throws IOException {
    String text = EmbeddedPostgres.text(log, from);
    String advice =
        status == ILLEGAL_INSTRUCTION
            ? "its programs do not run on this processor; point the configuration to a PostgreSQL"
                + " server"
            : KNOWN.stream()
                .filter(known -> text.contains(known.sign()))
                .findFirst()
                .map(Known::advice)
                .orElseGet(() -> lastLine(text, status));
    return new PostgresStartFailure("PostgreSQL does not start: " + advice + "; its log is " + log);
  }

  private static String lastLine(String text, int status) {
    return text.lines()
        .filter(line -> line.contains("FATAL") || line.contains("error:"))
        .reduce((_, last) -> last)
        .map(line -> line.replaceAll("^.*?(FATAL|error):\\s*", ""))
        .orElse("it ended with status " + status);
  }
}
