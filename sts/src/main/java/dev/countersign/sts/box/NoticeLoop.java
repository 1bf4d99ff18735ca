package dev.countersign.sts.box;

import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.DecisionSettings.Told;
import dev.countersign.sts.NoticeStore;
import dev.countersign.sts.NoticeStore.Channel;
import dev.countersign.sts.mail.SmtpSender;
import dev.countersign.sts.stepup.CodeSender;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Brings notices to those whom rules want told, by mail or webhook, and tries again for a day.
final class NoticeLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NoticeLoop.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration CLAIM = Duration.ofMinutes(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final int BATCH = 20;
  private static final int MOST_TRIES = 100;

  private final NoticeStore store;
  private final Map<String, Told> told;
  private final SmtpSender mail;
  private final WireClient client;
  private final InstantSource clock;
  private final Thread thread;

  NoticeLoop(
      NoticeStore store,
      Map<String, Told> told,
      SmtpSender mail,
      WireClient client,
      InstantSource clock) {
    this.store = store;
    this.told = told;
    this.mail = mail;
    this.client = client;
    this.clock = clock;
    this.thread =
        told.isEmpty()
            ? Thread.ofVirtual().unstarted(() -> {})
            : Thread.ofVirtual().name("sts-notices").start(this::run);
  }

  private void run() {
    boolean wasAway = false;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(LOOK);
        Instant now = clock.instant();
        store.due(now, now.plus(CLAIM), BATCH).forEach(this::send);
        wasAway = false;
      } catch (InterruptedException end) {
        return;
      } catch (UnavailableException away) {
        if (!wasAway) {
          LOG.warn("notices wait: {}", away.getMessage());
        }
        wasAway = true;
      } catch (RuntimeException broken) {
        LOG.error("the notice loop met a fault and goes on", broken);
      }
    }
  }

  private void send(NoticeStore.Due notice) {
    Told target = told.get(notice.name());
    if (target == null || notice.attempts() > MOST_TRIES) {
      LOG.error("a notice for {} is given up", notice.name());
      store.told(notice.id());
      return;
    }
    boolean mailed =
        target.mail().isEmpty() || through(notice, Channel.MAIL, () -> mail(target, notice));
    boolean posted =
        target.webhook() == null || through(notice, Channel.WEBHOOK, () -> post(target, notice));
    if (mailed && posted) {
      store.told(notice.id());
    } else {
      store.retry(notice.id(), clock.instant().plus(pause(notice)));
    }
  }

  /// Whether a channel has the notice now; one that has it already is left in peace.
  private boolean through(NoticeStore.Due notice, Channel channel, Runnable delivery) {
    if (notice.reached().contains(channel)) {
      return true;
    }
    try {
      delivery.run();
    } catch (CodeSender.NotSent | WireClient.WireFailure failed) {
      LOG.warn(
          "a notice for {} by {} waits {} s: {}",
          notice.name(),
          channel.name().toLowerCase(Locale.ROOT),
          pause(notice).toSeconds(),
          failed.getMessage());
      return false;
    }
    store.reached(notice.id(), channel, clock.instant());
    return true;
  }

  private static Duration pause(NoticeStore.Due notice) {
    return Duration.ofSeconds(Math.min(900, 2L << Math.min(notice.attempts(), 9)));
  }

  private void mail(Told target, NoticeStore.Due notice) {
    ObjectNode body = StrictJson.parseObject(notice.body());
    mail.send(target.mail(), subject(body), text(body));
  }

  private void post(Told target, NoticeStore.Due notice) {
    var answer =
        client.send(
            "POST",
            java.util.Objects.requireNonNull(target.webhook()),
            Map.of("Content-Type", "application/json"),
            notice.body(),
            TIMEOUT);
    if (answer.status() / 100 != 2) {
      throw new CodeSender.NotSent(
          "the webhook answers " + answer.status(), new IllegalStateException("not 2xx"));
    }
  }

  private static String subject(ObjectNode body) {
    return "Countersign: " + word(body, "outcome") + ": " + word(body, "reason");
  }

  private static String text(ObjectNode body) {
    var text = new StringBuilder();
    text.append(word(body, "reason")).append("\n\n");
    for (String member :
        java.util.List.of("outcome", "at", "subject", "client_id", "actor", "jti")) {
      text.append(member).append(": ").append(word(body, member)).append('\n');
    }
    text.append("rules: ").append(body.path("rules")).append('\n');
    text.append("request: ").append(body.path("authorization_details")).append('\n');
    return text.toString();
  }

  private static String word(ObjectNode body, String member) {
    return body.path(member).asString("");
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
