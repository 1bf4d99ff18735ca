package dev.countersign.signals.act;

import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Polls the feed without end. What was taken is acknowledged with the next poll; if that poll
/// fails, with the one after it, so that nothing is acknowledged that is not stored.
public final class FeedLoop implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(FeedLoop.class);
  private static final ReceiverConfig.Retry PAUSES =
      new ReceiverConfig.Retry(Duration.ofMillis(100), Duration.ofSeconds(2), 1);

  private final SetFeed feed;
  private final Intake intake;
  private final StepRunner runner;
  private final Bell closing;
  private volatile boolean connected;

  public FeedLoop(SetFeed feed, Intake intake, StepRunner runner, Bell closing) {
    this.feed = feed;
    this.intake = intake;
    this.runner = runner;
    this.closing = closing;
  }

  /// Whether the last poll was answered.
  public boolean isConnected() {
    return connected;
  }

  @Override
  public void run() {
    SetFeed.Settlement settlement = SetFeed.Settlement.NONE;
    int failures = 0;
    while (!closing.isClosed()) {
      try {
        var tokens = feed.poll(settlement);
        settlement = SetFeed.Settlement.NONE;
        if (!connected) {
          LOG.info("the transmitter answers");
        }
        connected = true;
        settlement = intake.take(tokens);
        runner.closeLeftovers();
        failures = 0;
      } catch (UnavailableException away) {
        failures = pauseAfter(failures, away);
      } catch (RuntimeException fault) {
        if (!closing.isClosed()) { // closing breaks off whatever is under way
          LOG.error("a poll failed", fault);
        }
        failures = pauseAfter(failures, fault);
      }
    }
    connected = false;
  }

  private int pauseAfter(int failures, RuntimeException failure) {
    connected = false;
    if (closing.isClosed()) {
      return failures;
    }
    if (failures == 0) {
      LOG.warn("no events can be received now, trying on: {}", failure.getMessage());
    }
    double chance = ThreadLocalRandom.current().nextDouble();
    closing.await(closing.rings(), PAUSES.pause(failures + 1, chance));
    return failures + 1;
  }
}
