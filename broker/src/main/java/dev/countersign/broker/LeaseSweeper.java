package dev.countersign.broker;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Ends what nobody else ended: leases whose time is over, mints that a crash cut short,
/// revocations that found the database away, and logins that no lease accounts for.
///
/// Any number of replicas may sweep at the same time.
public final class LeaseSweeper {
  /// A mint that takes longer than this is ended, and finds out before it hands anything out.
  static final Duration LONGEST_MINT = Duration.ofSeconds(30);

  private static final Duration LONGEST_RECORDING = Duration.ofSeconds(10);
  private static final Duration KEPT = Duration.ofDays(7);
  private static final int BATCH = 500;

  private final LeaseJournal journal;
  private final Engines engines;
  private final LeaseEnding ending;
  private final Ledger ledger;
  private final InstantSource clock;

  public LeaseSweeper(
      LeaseJournal journal,
      Engines engines,
      LeaseEnding ending,
      Ledger ledger,
      InstantSource clock) {
    this.journal = journal;
    this.engines = engines;
    this.ending = ending;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Sweeps once. One thing that fails does not keep the rest from being done.
  public Sweep sweep() {
    var sweep = new Sweep();
    Instant now = clock.instant();
    var away = new HashSet<String>();
    for (Lease lease : journal.due(now, now.minus(LONGEST_MINT), BATCH)) {
      if (!away.contains(lease.database())) {
        sweep.attempt(() -> end(lease, away));
      }
    }
    // Each attempt at a database that is away takes seconds; the leases of others must not wait.
    away.forEach(database -> sweep.tryOnly(() -> journal.putOff(database, now)));
    for (LeaseJournal.Ended ended : journal.unrecorded(now.minus(LONGEST_RECORDING), BATCH)) {
      sweep.attempt(() -> ending.record(ended));
    }
    engines.all().forEach((name, engine) -> sweep.tryOnly(() -> dropOrphans(name, engine, sweep)));
    sweep.tryOnly(() -> journal.forget(now, KEPT));
    return sweep;
  }

  private void end(Lease lease, Set<String> away) {
    try {
      end(lease);
    } catch (UnavailableException failed) {
      away.add(lease.database());
      throw failed;
    }
  }

  private void end(Lease lease) {
    switch (lease.state()) {
      case Lease.State.Prepared _ -> ending.end(lease, Lease.Cause.UNFINISHED, "");
      case Lease.State.Active _ -> ending.end(lease, Lease.Cause.EXPIRED, "");
      case Lease.State.Ending _ -> ending.finish(lease);
      case Lease.State.Ended _ -> {}
    }
  }

  /// How many logins exist that no open lease accounts for. Zero is the only right answer, and it
  /// is read from the databases, not remembered.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if a database is away: nobody can tell
  public int orphans() {
    return engines.all().values().stream().mapToInt(engine -> orphans(engine).size()).sum();
  }

  /// How many leases should be gone and are not.
  public long overdue() {
    return journal.overdue(clock.instant());
  }

  private List<Engine.LoginRole> orphans(Engine engine) {
    // The order matters: a lease is committed before its login exists, so a login seen first has
    // its
    // lease seen next. One whose lease ends in between is gone when we look again.
    List<Engine.LoginRole> logins = engine.list();
    var open =
        new HashSet<>(journal.openUsers(logins.stream().map(Engine.LoginRole::user).toList()));
    var suspects = new ArrayList<>(logins);
    suspects.removeIf(login -> open.contains(login.user()));
    if (!suspects.isEmpty()) {
      suspects.retainAll(engine.list());
    }
    return List.copyOf(suspects);
  }

  private void dropOrphans(String database, Engine engine, Sweep sweep) {
    for (Engine.LoginRole orphan : orphans(engine)) {
      sweep.attempt(() -> {
        engine.revoke(orphan.user());
        ledger.append(
            new LedgerEntry(
                LedgerEvent.LEASE_REVOKED,
                orphan.jti(),
                "",
                StrictJson.object()
                    .put("cause", "orphan")
                    .put("database", database)
                    .put("user", orphan.user().text())));
      });
    }
  }

  /// What one sweep did.
  public static final class Sweep {
    private final List<RuntimeException> failures = new ArrayList<>();
    private int ended;

    private void attempt(Runnable work) {
      tryOnly(() -> {
        work.run();
        ended++;
      });
    }

    private void tryOnly(Runnable work) {
      try {
        work.run();
      } catch (RuntimeException failed) {
        failures.add(failed);
      }
    }

    /// How many leases and logins it ended.
    public int ended() {
      return ended;
    }

    /// What it could not do; it is tried again.
    public List<RuntimeException> failures() {
      return List.copyOf(failures);
    }
  }
}
