package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.Logs;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.TracePicture;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.config.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/// `countersign trace`: everything that happened under one `jti`, across all boxes.
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    description = {
      "Prints one story across all boxes.",
      "By a jti, an approval, a lease, a minted login, a whole line of PostgreSQL's log that names one,"
          + " or a person."
    },
    footer = {
      "",
      "Without a name: the newest entries. With --verify: checks the hash chains of the whole ledger.",
      "Exit code 0: found (or whole). 1: nothing found, or the ledger is broken."
    })
final class TraceCommand implements Callable<Integer> {
  private static final int NEWEST = 40;

  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(index = "0", arity = "0..1", paramLabel = "<name>", description = "what to look for")
  private @Nullable String jti;

  @Option(names = "--verify", description = "check the hash chains")
  private boolean verify;

  @Option(names = "--json", description = "one JSON object a line, with OpenTelemetry's trace id")
  private boolean json;

  @Option(
      names = "--html",
      paramLabel = "<file>",
      description = "writes a page with a picture of it")
  private @Nullable Path html;

  @Option(
      names = "--postgres-log",
      paramLabel = "<file>",
      description = "also the lines of this log of PostgreSQL that the jti caused")
  private @Nullable Path postgresLog;

  @Override
  public Integer call() throws IOException {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("trace", state.auditor(), 1)) {
      var ledger = new PgLedgerReader(auditor.dataSource());
      if (verify) {
        return verified(ledger.breaks());
      }
      var trace = new Trace(Progress.isTerminal());
      // A name has no blank; a line that was copied from PostgreSQL's log has.
      String wanted =
          jti == null
              ? null
              : found(ledger, jti.contains(" ") ? PostgresLog.login(jti).orElse(jti) : jti);
      List<LedgerRecord> records =
          wanted == null ? ledger.recent(NEWEST).reversed() : ledger.trace(wanted);
      if (records.isEmpty()) {
        System.out.println(
            wanted == null ? "The ledger is empty." : "Nothing happened under this name.");
        return 1;
      }
      if (json) {
        records.forEach(record -> System.out.println(line(record)));
        return 0;
      }
      Path page = html;
      if (page != null && wanted != null) {
        Files.writeString(page, TracePicture.html(wanted, records));
        System.out.println("The picture is " + page.toAbsolutePath());
      }
      System.out.print(wanted == null ? trace.list(records) : trace.of(wanted, records));
      Path log = postgresLog;
      if (log != null) {
        printLog(log, records);
      }
      return 0;
    }
  }

  /// The `jti` that a name leads to; of several the newest, and the others are told.
  private static String found(PgLedgerReader ledger, String name) {
    List<String> found = ledger.jtis(name);
    if (found.isEmpty()) {
      found = ledger.jtisOf(name, NEWEST).reversed();
    }
    if (found.size() > 1) {
      System.err.println("There are " + found.size() + "; this is the newest. The others:");
      found.subList(0, found.size() - 1).forEach(one -> System.err.println("  " + one));
    }
    return found.isEmpty() ? name : found.getLast();
  }

  private static String line(LedgerRecord record) {
    ObjectNode line = StrictJson.object().put("record", record.id());
    line.put("at", record.at().toString()).put("box", record.box()).put("event", record.event());
    line.put("jti", record.jti()).put("subject", record.subject());
    line.put("trace_id", record.traceId()).set("data", record.data());
    return StrictJson.write(line);
  }

  private static void printLog(Path log, List<LedgerRecord> records) throws IOException {
    if (!Files.isReadable(log)) {
      throw new IllegalStateException("--postgres-log names a file that cannot be read");
    }
    List<String> lines = PostgresLog.lines(log, PostgresLog.logins(records));
    System.out.println(
        lines.isEmpty()
            ? "PostgreSQL's log has no line of it."
            : "PostgreSQL's log, " + lines.size() + " lines:");
    lines.forEach(line -> System.out.println("  " + line));
  }

  private static int verified(List<String> breaks) {
    if (breaks.isEmpty()) {
      System.out.println("The ledger is whole: every hash follows from the entry before it.");
      return 0;
    }
    breaks.forEach(System.out::println);
    return 1;
  }
}
