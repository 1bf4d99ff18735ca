package dev.countersign.server;

import dev.countersign.ledger.Checkpoint;
import dev.countersign.ledger.postgres.Checkpoints;
import dev.countersign.server.config.LedgerSection.LedgerSettings;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Signs the ledger's state on a timer and sends a copy to the anchor; nothing is granted or
/// refused by it.
final class CheckpointLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointLoop.class);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(10);

  private final DataSource auditor;
  private final Checkpoints checkpoints;
  private final LedgerSettings settings;
  private final Optional<Anchor> anchor;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  CheckpointLoop(DataSource auditor, Checkpoints checkpoints, LedgerSettings settings) {
    this.auditor = auditor;
    this.checkpoints = checkpoints;
    this.settings = settings;
    this.anchor = settings.anchor().map(Anchor::new);
    this.thread = Thread.ofVirtual().name("ledger-checkpoints").start(this::run);
  }

  private void run() {
    try {
      while (!closing.await(settings.checkpointEvery().toMillis(), TimeUnit.MILLISECONDS)) {
        once();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void once() {
    try {
      makeMonths();
      Optional<Checkpoint> signed = checkpoints.sign();
      if (signed.isPresent() && anchor.isPresent()) {
        anchor.get().send(signed.get());
      }
    } catch (RuntimeException | IOException failed) {
      LOG.warn("no checkpoint of the ledger was signed or anchored: {}", failed.getMessage());
    }
  }

  private void makeMonths() {
    try (Connection connection = auditor.getConnection();
        var statement = connection.createStatement()) {
      statement.execute("SELECT ledger.make_months(3)");
    } catch (SQLException failed) {
      LOG.warn("the ledger's next months were not made: {}", failed.getMessage());
    }
  }

  /// Signs what is left, then stops.
  @Override
  public void close() {
    closing.countDown();
    try {
      thread.join(LONGEST_STOP);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    once();
  }
}
