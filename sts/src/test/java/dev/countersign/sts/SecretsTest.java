package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class SecretsTest {

  @Test
  void C19_noTokenAssertionOrCodeIsInLogLedgerOrDatabase() {
    var log = new Recorder();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    Logger ours = (Logger) LoggerFactory.getLogger("dev.countersign");
    Level before = ours.getLevel();
    log.start();
    root.addAppender(log);
    ours.setLevel(Level.TRACE);
    try (var world = new World()) {
      run(world);
      // Six digits occur by chance in any number, so codes are looked for as words.
      for (String secret : world.secretsSeen) {
        assertThat(log.lines).noneMatch(line -> holds(line, secret));
        assertThat(world.ledger).noneMatch(entry -> holds(StrictJson.write(entry.data()), secret));
        assertThat(rows(world)).noneMatch(row -> holds(row, secret));
      }
      assertThat(world.secretsSeen).hasSizeGreaterThan(15);
      assertThat(log.lines).isNotEmpty();
      assertThat(world.ledger).hasSizeGreaterThan(10);
    } finally {
      root.detachAppender(log);
      ours.setLevel(before);
    }
  }

  private static boolean holds(String text, String secret) {
    return secret.length() == 6
        ? text.matches("(?s).*\\b" + secret + "\\b.*")
        : text.contains(secret) || text.contains(secret.substring(secret.length() - 40));
  }

  private static void run(World world) {
    Person person = world.person();
    world.exchange(person, 100);
    Answer stepUp = world.exchange(person, 9_000);
    world.answerOnPage(stepUp.text("approval_id"), "approve", World.wrong(world.codeFor(person)));
    String assertion = world.approved(person, stepUp);
    world.post(world.redeemForm(assertion, World.refund(9_001)));
    world.post(world.redeemForm(assertion, World.refund(9_000)));
    world.post(world.redeemForm(assertion, World.refund(9_000)));
    world.post(world.exchangeForm(world.seen(world.token(person) + "A"), World.refund(1)));
    world.mail.stop();
    world.exchange(person, 9_999);
    world.transmitter.status = 500;
    world.exchange(person, 200_001);
    world.userInfo(world.token(person));
    world.endSessions(person.key(), "txn", world.receiverKey, "receiver");
    world.ledgerIsAway = true;
    world.exchange(person, 100);
  }

  private static List<String> rows(World world) {
    return world.database.query(connection -> {
      var rows = new CopyOnWriteArrayList<String>();
      for (String table :
          List.of("person", "approval", "strike", "event_outbox", "used_assertion")) {
        try (var statement = connection.createStatement();
            var found = statement.executeQuery("SELECT t::text FROM " + table + " t")) {
          while (found.next()) {
            rows.add(found.getString(1));
          }
        }
      }
      return rows;
    });
  }

  private static final class Recorder extends AppenderBase<ILoggingEvent> {
    final List<String> lines = new CopyOnWriteArrayList<>();

    @Override
    protected void append(ILoggingEvent event) {
      var thrown = event.getThrowableProxy();
      lines.add(
          event.getFormattedMessage()
              + (thrown == null ? "" : ThrowableProxyUtil.asString(thrown)));
    }
  }
}
