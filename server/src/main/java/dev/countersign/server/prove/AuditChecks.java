package dev.countersign.server.prove;

import dev.countersign.ledger.ExportCheck;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.postgres.PgExport;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.VerificationKeys;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Whether the ledger has everything that this run caused, and whether a changed ledger is found.
final class AuditChecks {
  /// Above this many entries, copies are not changed and checked again; `ledger verify` is for
  /// that.
  private static final long MANY = 2_000_000;

  private static final Set<String> WRITERS = Set.of("sts", "broker");

  private final Tenant tenant;
  private final Instant began;

  AuditChecks(Tenant tenant, Instant began) {
    this.tenant = tenant;
    this.began = began;
  }

  Property completeness() {
    return new Property(
        "audit-complete",
        "Every login has its decision in the ledger, and so has every refusal.",
        "whoever wants to act without a trace",
        this::complete);
  }

  private void complete(Scene scene) {
    if (tenant.inside().isEmpty()) {
      scene.untried(
          "K06", "ledger", "a login without a decision", "the ledger is not readable here");
      return;
    }
    var login =
        LoginAttacks.Login.of(tenant.client().mint(tenant.obo(Writes.small()), tenant.role()));
    tenant.client().revoke(login.lease());
    List<LedgerRecord> records = new PgLedgerReader(tenant.inside().get().auditor()).since(began);
    Set<String> permitted = jtis(records, "exchange-permitted");
    scene.refused(
        "K06",
        "ledger",
        "finding a login of this time that no decision permitted",
        "none, among at least one",
        () -> jtis(records, "lease-minted"),
        minted -> {
          var orphans = new HashSet<>(minted);
          orphans.removeAll(permitted);
          return new Scene.Seen(
              orphans.isEmpty() && !minted.isEmpty(),
              orphans.size() + " of " + minted.size() + " without a decision");
        });
    Set<String> traces = records.stream().map(LedgerRecord::traceId).collect(Collectors.toSet());
    scene.refused(
        "K04",
        "ledger",
        "finding an attack on the sts or the broker that left no record",
        "none",
        () ->
            scene.earlier().stream()
                .filter(trial -> WRITERS.contains(trial.box()))
                .filter(trial -> trial.kind() != Trial.Kind.LOOK)
                .filter(trial -> trial.result() != Result.UNTRIED)
                .filter(trial -> !traces.contains(trial.traceId()))
                .map(Trial::tried)
                .toList(),
        silent ->
            new Scene.Seen(
                silent.isEmpty(),
                silent.isEmpty() ? "none" : Answers.shown(String.join("; ", silent))));
  }

  private static Set<String> jtis(List<LedgerRecord> records, String event) {
    return records.stream()
        .filter(record -> record.event().equals(event))
        .map(LedgerRecord::jti)
        .collect(Collectors.toSet());
  }

  Property tamperEvidence() {
    return new Property(
        "audit-tamper-evident",
        "A ledger that was edited, cut, reordered, thinned out or forked is found, and the first broken"
            + " record is named.",
        "a malicious operator with the database",
        this::tampered);
  }

  private void tampered(Scene scene) {
    if (tenant.inside().isEmpty()) {
      scene.untried("K03", "ledger", "a changed ledger", "the ledger is not readable here");
      return;
    }
    Inside inside = tenant.inside().get();
    inside.checkpoints().sign();
    // Something new, so that there is a checkpoint after the first; a refusal is written down too.
    tenant
        .client()
        .exchange(tenant.bearer(), tenant.tokenType(), tenant.scope(), tenant.audience(), "[]");
    inside.checkpoints().sign();
    var counted = new AtomicLong();
    scene.control(
        "ledger",
        "the ledger as it is",
        "whole",
        () -> {
          List<String> breaks =
              check(
                  inside,
                  (line, lines) -> {
                    counted.incrementAndGet();
                    lines.accept(line);
                  });
          return new Scene.Seen(
              breaks.isEmpty(), breaks.isEmpty() ? "whole" : Answers.shown(breaks.getFirst()));
        });
    if (counted.get() > MANY) {
      scene.untried(
          "K03",
          "ledger",
          "changed copies",
          "the ledger is large; use ledger verify and its tests");
      return;
    }
    var lines = new ArrayList<String>();
    check(
        inside,
        (line, next) -> {
          lines.add(line);
          next.accept(line);
        });
    new Tampering(lines)
        .all()
        .forEach((what, changed) ->
            scene.refused(
                "K03",
                "ledger",
                what,
                "found, with the first broken record",
                () -> {
                  var check = new ExportCheck(_ -> VerificationKeys.parse(inside.ledgerKeys()));
                  changed.forEach(check::line);
                  List<String> breaks = check.finish().breaks();
                  return new Scene.Seen(
                      !breaks.isEmpty(),
                      breaks.isEmpty() ? "not found" : Answers.shown(breaks.getFirst()));
                }));
  }

  private static List<String> check(Inside inside, Change change) {
    var check = new ExportCheck(_ -> VerificationKeys.parse(inside.ledgerKeys()));
    new PgExport(inside.auditor())
        .write(inside.ledgerKeys(), true, line -> change.of(line, check::line));
    return check.finish().breaks();
  }

  private interface Change {
    void of(String line, Consumer<String> lines);
  }
}
