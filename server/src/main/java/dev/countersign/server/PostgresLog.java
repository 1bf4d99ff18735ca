package dev.countersign.server;

import dev.countersign.ledger.LedgerRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// PostgreSQL's own log, joined to the ledger: a minted login's name is random and occurs once, so
/// every line that has it belongs to the `jti` that the login was minted for, whatever the log's
/// format (`stderr` with `%u`, `csvlog`, `jsonlog`, pgAudit).
///
/// `application_name` is not asked: its client may change it.
final class PostgresLog {
  private static final Pattern LOGIN =
      Pattern.compile("(?<![0-9a-z_])cs_[0-9a-z]{16}(?![0-9a-z_])");
  private static final int LONGEST_LINE = 2_000;

  private PostgresLog() {}

  /// The logins that these entries speak of.
  static Set<String> logins(List<LedgerRecord> records) {
    return records.stream()
        .map(record -> record.data().path("user").asString(""))
        .filter(user -> LOGIN.matcher(user).matches())
        .collect(Collectors.toSet());
  }

  /// The minted login that a whole line of the log names, where it names exactly one.
  static Optional<String> login(String line) {
    Set<String> named =
        LOGIN.matcher(line).results().map(MatchResult::group).collect(Collectors.toSet());
    return named.size() == 1 ? Optional.of(named.iterator().next()) : Optional.empty();
  }

  /// The lines that name one of the logins, in the file's order, with control characters made
  /// visible.
  ///
  /// @throws IOException if the file cannot be read
  static List<String> lines(Path file, Set<String> logins) throws IOException {
    var found = new ArrayList<String>();
    // A log may hold bytes that are no UTF-8: what a client sent.
    var decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    try (var reader =
        new BufferedReader(new InputStreamReader(Files.newInputStream(file), decoder))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (LOGIN.matcher(line).results().anyMatch(name -> logins.contains(name.group()))) {
          found.add(visible(line));
        }
      }
    }
    return found;
  }

  private static String visible(String line) {
    String shown = line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) + "…" : line;
    return shown.replaceAll("[\\p{Cntrl}\\p{Cf}\\u2028\\u2029&&[^\\t]]", "?");
  }
}
