package dev.countersign.signals.transmit.http;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.Wire;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.Members;
import dev.countersign.signals.transmit.DeliveryStore;
import dev.countersign.signals.transmit.Polls;
import dev.countersign.signals.transmit.PushStore;
import dev.countersign.signals.transmit.Stream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import tools.jackson.databind.node.ObjectNode;

/// Push delivery: brings what is due to the receivers' endpoints, and settles it by their answers.
/// What fails is tried again with growing pauses, and after a time given up and shown as dead.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8935#section-2 RFC 8935 §2
public final class Pushes {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /// How long a token is ours; after a crash it is free again when this has passed.
  private static final Duration HOLD = Duration.ofSeconds(20);

  private static final int AT_ONCE = 16;
  private static final int MAX_ERROR = 64;

  private final PushStore store;
  private final DeliveryStore deliveries;
  private final Polls.TokenWriter writer;
  private final Wire wire;
  private final Duration giveUpAfter;
  private final Ledger ledger;
  private final InstantSource clock;

  /// @param wire guards against addresses that a receiver must not make us call
  /// @param giveUpAfter how long after an event was accepted it is tried
  public Pushes(
      PushStore store,
      DeliveryStore deliveries,
      Polls.TokenWriter writer,
      Wire wire,
      Duration giveUpAfter,
      Ledger ledger,
      InstantSource clock) {
    this.store = store;
    this.deliveries = deliveries;
    this.writer = writer;
    this.wire = wire;
    this.giveUpAfter = giveUpAfter;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Pushes what is due for one stream now, several at a time.
  ///
  /// @return whether there was anything
  public boolean push(Stream stream, Stream.Delivery.Push target) {
    Instant now = clock.instant();
    List<PushStore.Attempt> due = store.take(stream.id(), AT_ONCE, now, now.plus(HOLD));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      due.forEach(attempt -> threads.execute(() -> push(stream, target, attempt)));
    }
    return !due.isEmpty();
  }

  private void push(Stream stream, Stream.Delivery.Push target, PushStore.Attempt attempt) {
    var headers = new HashMap<String, String>();
    headers.put("Content-Type", "application/secevent+jwt");
    headers.put("Accept", "application/json");
    target.authorization().ifPresent(secret -> headers.put("Authorization", secret.reveal()));
    try {
      WireClient.Answer answer =
          wire.send(
              "POST", target.endpoint(), headers, writer.write(stream, attempt.due()), TIMEOUT);
      settle(stream, attempt, answer);
    } catch (WireClient.WireFailure away) {
      // The message names the endpoint, which the receiver knows, and no secret.
      failed(stream, attempt, String.valueOf(away.getMessage()));
    } catch (UnavailableException away) {
      // Our ledger or database. Not settled then: it is ours for a moment longer, and comes again.
    }
  }

  private void settle(Stream stream, PushStore.Attempt attempt, WireClient.Answer answer) {
    String id = attempt.due().id();
    Instant now = clock.instant();
    switch (answer.status()) {
      // RFC 8935 wants 202; others answer 200 or 204 and mean the same.
      case 200, 202, 204 ->
          deliveries.acknowledge(
              stream.id(), List.of(id), now, one -> noteDelivered(stream, one, now));
      case 400 -> reject(stream, id, "the receiver answered " + error(answer), now);
      default -> failed(stream, attempt, "the endpoint answers " + answer.status());
    }
  }

  private void failed(Stream stream, PushStore.Attempt attempt, String error) {
    Instant now = clock.instant();
    Instant end = attempt.since().plus(giveUpAfter);
    if (now.isAfter(end)) {
      reject(stream, attempt.due().id(), "given up after " + giveUpAfter + ": " + error, now);
      return;
    }
    Duration pause = DeliveryStore.retryAfter(attempt.attempts() + 1);
    store.postpone(stream.id(), attempt.due(), error, now.plus(pause));
  }

  private void reject(Stream stream, String id, String reason, Instant now) {
    deliveries.reject(stream.id(), Map.of(id, reason), now, one -> noteDead(stream, one, reason));
  }

  /// The error code of RFC 8935 §2.3, or what else there is to say.
  private static String error(WireClient.Answer answer) {
    try {
      String code = StrictJson.parseObject(answer.body()).path("err").asString("");
      return Members.isPlain(code, MAX_ERROR) ? code : "400 without an error code";
    } catch (MalformedJsonException malformed) {
      return "400 without an error code";
    }
  }

  private void noteDelivered(Stream stream, DeliveryStore.Settled one, Instant now) {
    ObjectNode data = StrictJson.object();
    data.put("set", one.id()).put("stream", stream.id()).put("receiver", stream.receiver());
    data.put("deliveries", one.deliveries());
    data.put("millis", Duration.between(one.acceptedAt(), now).toMillis());
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_DELIVERED, one.txn(), one.subject(), data));
  }

  private void noteDead(Stream stream, DeliveryStore.Settled one, String reason) {
    ObjectNode data = StrictJson.object();
    data.put("at", "push").put("set", one.id()).put("stream", stream.id());
    data.put("receiver", stream.receiver()).put("reason", reason);
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_REFUSED, one.txn(), one.subject(), data));
  }
}
