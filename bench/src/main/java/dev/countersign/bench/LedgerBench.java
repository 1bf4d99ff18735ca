package dev.countersign.bench;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.Database;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Migrations;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.box.postgres.StateDatabase;
import dev.countersign.ledger.ChainLine;
import dev.countersign.ledger.ExportCheck;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.Person;
import dev.countersign.ledger.postgres.LedgerSchema;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerificationKeys;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What checking an export costs, and how long the trace of one `jti` takes in a ledger of a year.
final class LedgerBench {
  private static final int LINES = 200_000;
  private static final double GOAL_VERIFY = 200_000;
  private static final double GOAL_TRACE_MILLIS = 100;
  private static final int LOOKUPS = 200;
  private static final int MONTHS = 12;
  private static final int SEQUENCE = 8;

  private final int rounds;
  private final long records;

  LedgerBench(int rounds, long records) {
    this.rounds = rounds;
    this.records = records;
  }

  Report run() throws IOException, SQLException {
    var figures = new ArrayList<Figure>();
    figures.add(verify());
    traces(figures);
    return new Report("ledger", figures);
  }

  private Figure verify() throws IOException {
    byte[] export = export();
    double[] perSecond = new double[rounds];
    for (int i = -2; i < rounds; i++) {
      long before = cpuNanos();
      var check = new ExportCheck(_ -> VerificationKeys.of(List.of(KeyFiles.newEc())));
      var result = check.check(new ByteArrayInputStream(export));
      if (!result.breaks().isEmpty()) {
        throw new IllegalStateException(result.breaks().getFirst());
      }
      if (i >= 0) {
        perSecond[i] = LINES / ((cpuNanos() - before) / 1e9);
      }
    }
    Arrays.sort(perSecond);
    return Figure.atLeast(
        "records verified per processor second", perSecond[rounds / 2], "/s", GOAL_VERIFY);
  }

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static byte[] export() {
    ECKey key = KeyFiles.newEc();
    var text = new StringBuilder();
    text.append(ExportCheck.header(KeyFiles.publicSet(List.of(key)))).append('\n');
    Person person = Person.unknown("bench|p1");
    String last = ChainLine.genesis("sts/bench");
    Instant at = Instant.parse("2026-01-01T00:00:00Z");
    for (int i = 1; i <= LINES; i++) {
      var data = StrictJson.object().put("client_id", "gateway").put("scope", "refund:write");
      data.put("outcome", "permit").put("policy_version", Ids.base62(43)).put("digest", "d" + i);
      data.putArray("authorization_details").addObject().put("type", "urn:smt:agent:refund");
      var entry =
          new LedgerEntry(LedgerEvent.EXCHANGE_PERMITTED, "jti-" + i, person.subject(), data);
      var line = LedgerRecord.line("sts/bench", i, at.plusMillis(i), "sts", entry, person, last);
      last = line.hash();
      text.append(line.text()).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private void traces(List<Figure> figures) throws IOException, SQLException {
    Path folder = Files.createTempDirectory("countersign-bench-");
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(folder)) {
      var state =
          StateDatabase.provision(postgres.superuser(), folder.resolve("secrets"), List.of("sts"));
      Migrations.run(
          state.owner(), LedgerSchema.NAME, state.auditor().user(), LedgerSchema.MIGRATIONS);
      try (Connection owner = Database.connect(state.owner());
          Database auditor = Database.open("bench", state.auditor(), 1)) {
        fill(owner);
        var reader = new PgLedgerReader(auditor.dataSource());
        double[] millis = new double[LOOKUPS];
        for (int i = 0; i < LOOKUPS; i++) {
          long call = (records / SEQUENCE) * i / LOOKUPS;
          long begin = System.nanoTime();
          if (reader.trace("jti" + call).size() != SEQUENCE) {
            throw new IllegalStateException("a trace is not whole");
          }
          millis[i] = (System.nanoTime() - begin) / 1e6;
        }
        Arrays.sort(millis);
        figures.add(Figure.of("records in the ledger, over 12 months", (double) records, ""));
        figures.add(Figure.of("trace of one jti, median", millis[LOOKUPS / 2], "ms"));
        figures.add(
            Figure.of(
                "trace of one jti, slowest of " + LOOKUPS,
                millis[LOOKUPS - 1],
                "ms",
                GOAL_TRACE_MILLIS));
      }
    } finally {
      EmbeddedPostgres.delete(folder);
    }
  }

  // Filled first and indexed then, as a year's own months were by the time they are old; not in the
  // write-ahead log, which nobody reads here.
  private void fill(Connection owner) throws SQLException {
    try (var statement = owner.createStatement()) {
      statement.execute("SET maintenance_work_mem = '512MB'");
      for (int month = 1; month <= MONTHS; month++) {
        long from = records * (month - 1) / MONTHS;
        long end = records * month / MONTHS;
        String begin = "2024-%02d-01Z".formatted(month);
        String next = month == MONTHS ? "2025-01-01Z" : "2024-%02d-01Z".formatted(month + 1);
        statement.execute(
            """
            CREATE UNLOGGED TABLE ledger.past_%d
              (LIKE ledger.entry, CHECK (at >= '%s' AND at < '%s'))
            """
                .formatted(month, begin, next));
        statement.execute(
            """
            INSERT INTO ledger.past_%d (writer, seq, at, box, event, jti, person, data, sealed, hash)
            SELECT 'sts/past', n + 1,
                   '%s'::timestamptz + (n - %d) * (('%s'::timestamptz - '%2$s'::timestamptz) / %d),
                   'sts', 'exchange-permitted', 'jti' || n / %d, 'p_' || lpad((n %% 10000)::text, 20, '0'),
                   jsonb_build_object('client_id', 'gateway', 'outcome', 'permit', 'policy_version', md5('p')),
                   decode(repeat('ab', 200), 'hex'), sha256(n::text::bytea)
              FROM generate_series(%3$d::bigint, %d::bigint) AS n
            """
                .formatted(month, begin, from, next, end - from, SEQUENCE, end - 1));
        statement.execute(
            "ALTER TABLE ledger.entry ATTACH PARTITION ledger.past_%d FOR VALUES FROM ('%s') TO ('%s')"
                .formatted(month, begin, next));
      }
      statement.execute("ANALYZE ledger.entry");
    }
  }
}
