package dev.countersign.sts.box;

import dev.countersign.protocol.UnavailableException;
import dev.countersign.sts.HistoryStore;
import dev.countersign.sts.TokenUse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives back what grants took from counters whose tokens ended and were never used. What nobody
/// can tell is asked again, and stays taken if nobody can tell for days.
final class GiveBackLoop implements AutoCloseable {
  /// The broker forgets what it knows a week after a token's end; before that we stop asking.
  static final Duration KNOWN = Duration.ofDays(6);

  private static final Logger LOG = LoggerFactory.getLogger(GiveBackLoop.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration CLAIM = Duration.ofMinutes(1);
  private static final int BATCH = 50;

  private final HistoryStore store;
  private final TokenUse uses;
  private final InstantSource clock;
  private final Thread thread;

  /// @param isWanted whether the installation gives anything back
  GiveBackLoop(HistoryStore store, TokenUse uses, boolean isWanted, InstantSource clock) {
    this.store = store;
    this.uses = uses;
    this.clock = clock;
    this.thread =
        isWanted
            ? Thread.ofVirtual().name("sts-give-back").start(this::run)
            : Thread.ofVirtual().unstarted(() -> {});
  }

  private void run() {
    boolean wasAway = false;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(LOOK);
        look();
        wasAway = false;
      } catch (InterruptedException end) {
        return;
      } catch (UnavailableException away) {
        if (!wasAway) {
          LOG.warn("unused grants are not given back: {}", away.getMessage());
        }
        wasAway = true;
      } catch (RuntimeException broken) {
        LOG.error("the loop that gives back met a fault and goes on", broken);
      }
    }
  }

  /// The first of an audience that cannot be settled ends the look for this audience: the others
  /// wait for the same broker. Those of other audiences do not.
  ///
  /// @throws UnavailableException for the last one that could not be settled
  private void look() {
    Instant now = clock.instant();
    var unsettled = new HashMap<String, UnavailableException>();
    for (HistoryStore.Ended ended : store.ended(now, now.minus(KNOWN), now.plus(CLAIM), BATCH)) {
      String audience = ended.grant().audience();
      if (!unsettled.containsKey(audience)) {
        try {
          store.settle(ended, uses.wasUsed(audience, ended.grant().jti()));
        } catch (UnavailableException away) {
          unsettled.put(audience, away);
        }
      }
    }
    for (UnavailableException away : unsettled.values()) {
      throw away;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
