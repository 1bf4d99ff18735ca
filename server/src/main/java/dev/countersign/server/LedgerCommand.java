package dev.countersign.server;

import dev.countersign.box.Database;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Logs;
import dev.countersign.ledger.Checkpoint;
import dev.countersign.ledger.ExportCheck;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.Ocsf;
import dev.countersign.ledger.postgres.Checkpoints;
import dev.countersign.ledger.postgres.LedgerOwner;
import dev.countersign.ledger.postgres.PgExport;
import dev.countersign.ledger.postgres.PgLedger;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.server.config.Installation;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.ObjectNode;

/// `countersign ledger`: the audit ledger as a file, checked, signed, and without what must go.
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description = "Exports, checks and signs the audit ledger; forgets people and drops months.",
    footer = {"", "Exit code 0: done, or whole. 1: the ledger is broken, or nothing was found."})
final class LedgerCommand implements Runnable {
  private static final long LOOK_EVERY_NANOS = 500_000_000;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      description = {
        "Writes the ledger: `jsonl` as it is hashed, for ledger verify, with what is personal sealed;"
            + " `ocsf` opened, for a SIEM.",
        "With --follow: goes on with what is new until Ctrl-C."
      })
  int export(
      @Mixin ConfigOption config,
      @Option(
              names = "--format",
              paramLabel = "jsonl|ocsf",
              defaultValue = "jsonl",
              description = "default: ${DEFAULT-VALUE}")
          String format,
      @Option(names = "--out", paramLabel = "<file>", description = "default: standard output")
          @Nullable Path out,
      @Option(names = "--follow", description = "go on with what is new") boolean follow)
      throws IOException {
    Logs.configure(Logs.Format.HUMAN);
    if (!List.of("jsonl", "ocsf").contains(format)) {
      throw new IllegalArgumentException("--format must be jsonl or ocsf");
    }
    boolean sealed = format.equals("jsonl");
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("export", state.auditor(), 1);
        PrintStream lines = output(out)) {
      var export = new PgExport(auditor.dataSource());
      if (sealed) {
        export.write(installation.keys().publicSet("ledger"), true, line -> put(lines, line));
      } else {
        export.records(record -> put(lines, Ocsf.event(record)));
      }
      lines.flush();
      while (follow && !Thread.interrupted() && !lines.checkError()) {
        LockSupport.parkNanos(LOOK_EVERY_NANOS);
        export.news(
            line -> {
              if (sealed) {
                put(lines, line);
              }
            },
            record -> {
              if (!sealed) {
                put(lines, Ocsf.event(record));
              }
            },
            sealed);
        lines.flush();
      }
    }
    return 0;
  }

  private static PrintStream output(@Nullable Path out) throws IOException {
    return new PrintStream(
        new BufferedOutputStream(
            out == null ? new FileOutputStream(FileDescriptor.out) : Files.newOutputStream(out)),
        false,
        StandardCharsets.UTF_8);
  }

  // One line break on every system, since lines are hashed.
  private static void put(PrintStream lines, String line) {
    lines.print(line + "\n");
    if (lines.checkError()) {
      throw new UncheckedIOException(new IOException("the export cannot be written"));
    }
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Checks every chain and every checkpoint; of an export without any access, or of the running"
            + " ledger.",
        "Names the first broken record."
      })
  int verify(
      @Mixin ConfigOption config,
      @Parameters(index = "0", arity = "0..1", paramLabel = "<export>", description = "jsonl file")
          @Nullable Path file,
      @Option(
              names = "--key",
              paramLabel = "<file>",
              description =
                  "JWK or JWK Set that signs checkpoints; default: the key in the export, which is"
                      + " named for comparison")
          @Nullable Path key,
      @Option(
              names = "--anchor",
              paramLabel = "<file>",
              description = "what the outside anchor kept, one statement a line")
          @Nullable Path anchor)
      throws IOException {
    Logs.configure(Logs.Format.HUMAN);
    var check = new ExportCheck(trust(key));
    ExportCheck.Result result;
    if (file == null) {
      Installation installation = Installation.read(config.file(), config.variables());
      ObjectNode keys = installation.keys().publicSet("ledger");
      try (var state = StateAccess.open(installation);
          Database auditor = Database.open("verify", state.auditor(), 1)) {
        new PgExport(auditor.dataSource()).write(keys, true, check::line);
      }
      result = check.finish();
    } else {
      if (!Files.isReadable(file)) {
        throw new IllegalStateException("the export cannot be read");
      }
      try (var stream = Files.newInputStream(file)) {
        result = check.check(stream);
      }
    }
    if (anchor != null) {
      result =
          result.anchored(Files.readAllLines(anchor).stream().filter(l -> !l.isBlank()).toList());
    }
    return report(result);
  }

  private static Function<ObjectNode, VerificationKeys> trust(@Nullable Path key) {
    if (key != null) {
      VerificationKeys known = KeyFiles.publicKeys(key);
      return _ -> known;
    }
    return header -> {
      header
          .path("keys")
          .forEach(one ->
              System.out.println(
                  "Checkpoints are checked with the key "
                      + one.path("kid").asString("?")
                      + ", which is the export's own; compare it, or name yours with --key."));
      return VerificationKeys.parse(header);
    };
  }

  private static int report(ExportCheck.Result result) {
    System.out.println(
        result.records()
            + " entries in "
            + result.chains()
            + " chains, "
            + result.checkpoints().size()
            + " checkpoints"
            + (result.checkpoints().isEmpty()
                ? ""
                : ", the last of " + result.checkpoints().getLast().at()));
    if (result.breaks().isEmpty()) {
      System.out.println("The ledger is whole: every hash follows from the entry before it.");
      return 0;
    }
    System.out.println("BROKEN, first here: " + result.breaks().getFirst());
    result.breaks().stream().skip(1).limit(20).forEach(line -> System.out.println("  " + line));
    if (result.breaks().size() > 21) {
      System.out.println("  and " + (result.breaks().size() - 21) + " more");
    }
    return 1;
  }

  @Command(
      name = "checkpoints",
      mixinStandardHelpOptions = true,
      description = "Lists the signed checkpoints; with --now: signs one first.")
  int checkpoints(
      @Mixin ConfigOption config,
      @Option(names = "--now", description = "sign one, if anything was written since")
          boolean now) {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("checkpoints", state.auditor(), 1)) {
      Checkpoints checkpoints = of(installation, auditor);
      if (now) {
        checkpoints.sign();
      }
      for (Checkpoint one : checkpoints.all()) {
        System.out.printf(
            "%6d  %s  %-5s %3d chains  %s%n",
            one.number(),
            one.at(),
            one.kind() == Checkpoint.Kind.CUT ? "cut" : "heads",
            one.heads().size(),
            one.digest());
      }
    }
    return 0;
  }

  @Command(
      name = "forget",
      mixinStandardHelpOptions = true,
      description =
          "Throws a person's key away: what is personal about them can be read by nobody any more,"
              + " and every chain stays whole.")
  int forget(
      @Mixin ConfigOption config,
      @Parameters(index = "0", paramLabel = "<person>", description = "anchor|id, or p_…")
          String person) {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    try (var state = StateAccess.open(installation);
        Database owner = Database.open("forget", state.ledgerOwner(), 1)) {
      var known = owner.query(connection -> new LedgerOwner(connection).forget(person));
      if (known.isEmpty()) {
        System.out.println("The ledger knows nobody of that name.");
        return 1;
      }
      note(state, LedgerEvent.PERSON_FORGOTTEN, "forgotten", known.get());
      System.out.println(
          known.get() + " is forgotten. Backups keep the key as long as they exist.");
      return 0;
    }
  }

  @Command(
      name = "prune",
      mixinStandardHelpOptions = true,
      description =
          "Drops the months before the given one, each under a signed statement of where every"
              + " chain goes on.")
  int prune(
      @Mixin ConfigOption config,
      @Option(
              names = "--before",
              required = true,
              paramLabel = "<yyyy-mm>",
              converter = Month.class,
              description = "the first month to keep")
          YearMonth before) {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    if (before.isAfter(YearMonth.now(ZoneOffset.UTC))) {
      throw new IllegalArgumentException("--before must not lie in the future");
    }
    try (var state = StateAccess.open(installation);
        Database auditor = Database.open("prune", state.auditor(), 1);
        Database owner = Database.open("prune-owner", state.ledgerOwner(), 1)) {
      Checkpoints checkpoints = of(installation, auditor);
      checkpoints.sign();
      List<YearMonth> months = owner.query(connection -> new LedgerOwner(connection).months());
      for (YearMonth month : months) {
        if (month.isBefore(before)) {
          long entries =
              owner.query(connection -> new LedgerOwner(connection).drop(month, checkpoints));
          note(state, LedgerEvent.MONTH_DROPPED, "dropped", month + ", " + entries + " entries");
          System.out.println(month + ": " + entries + " entries dropped");
        }
      }
    }
    return 0;
  }

  private static Checkpoints of(Installation installation, Database auditor) {
    var key = installation.keys().own("ledger");
    return new Checkpoints(
        auditor.dataSource(),
        new JwtSigner(key),
        VerificationKeys.of(List.of(key)),
        InstantSource.system());
  }

  private static void note(StateAccess state, LedgerEvent event, String what, String name) {
    try (Database box = Database.open("ledger-command", state.box("sts"), 1);
        var ledger = new PgLedger("sts", box.dataSource(), InstantSource.system())) {
      ObjectNode data = StrictJson.object().put("what", what).put("name", name);
      data.put("by", "command line, " + System.getProperty("user.name", "unknown"));
      ledger.append(new LedgerEntry(event, Ids.random(), "", data));
    }
  }

  /// A month as `2026-01`.
  static final class Month implements ITypeConverter<YearMonth> {
    @Override
    public YearMonth convert(String text) {
      try {
        return YearMonth.parse(text);
      } catch (DateTimeParseException malformed) {
        throw new TypeConversionException("`" + text + "` must be a month such as 2026-01");
      }
    }
  }
}
