package dev.countersign.signals.transmit;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.SecurityEventToken;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// Poll delivery: settles what the receiver acknowledges, then hands out what is due, waiting for
/// it if the receiver will wait.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8936#section-2 RFC 8936 §2
public final class Polls {
  private final DeliveryStore deliveries;
  private final StreamBell bell;
  private final TokenWriter writer;
  private final Duration longestPoll;
  private final Ledger ledger;
  private final InstantSource clock;

  public Polls(
      DeliveryStore deliveries,
      StreamBell bell,
      TokenWriter writer,
      Duration longestPoll,
      Ledger ledger,
      InstantSource clock) {
    this.deliveries = deliveries;
    this.bell = bell;
    this.writer = writer;
    this.longestPoll = longestPoll;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Answers one poll.
  public Answer poll(Stream stream, PollRequest request) {
    settle(stream, request);
    if (request.mostEvents() == 0) {
      return new Answer(Map.of(), false);
    }
    // Waiting is measured by the machine, not by the clock that dates events and may be set.
    long end = System.nanoTime() + longestPoll.toNanos();
    while (true) {
      long rings = bell.rings();
      DeliveryStore.Batch batch =
          deliveries.take(stream.id(), request.mostEvents(), clock.instant());
      if (!batch.due().isEmpty()
          || request.returnImmediately()
          || System.nanoTime() - end >= 0
          || !bell.await(rings)) {
        return signed(stream, batch);
      }
    }
  }

  private Answer signed(Stream stream, DeliveryStore.Batch batch) {
    var tokens = new LinkedHashMap<String, String>();
    for (DeliveryStore.Due due : batch.due()) {
      tokens.put(due.id(), writer.write(stream, due));
    }
    return new Answer(tokens, batch.more());
  }

  private void settle(Stream stream, PollRequest request) {
    Instant now = clock.instant();
    try {
      if (!request.acknowledged().isEmpty()) {
        deliveries.acknowledge(
            stream.id(), request.acknowledged(), now, one -> noteDelivered(stream, one, now));
      }
      if (!request.errors().isEmpty()) {
        deliveries.reject(
            stream.id(),
            request.errors(),
            now,
            one -> noteRejected(stream, one, request.errors().getOrDefault(one.id(), "")));
      }
    } catch (Ledger.LedgerAway away) {
      // Not settled then: they are sent again and acknowledged again. A kill that waits behind
      // them must not wait for the ledger.
    }
  }

  private void noteDelivered(Stream stream, DeliveryStore.Settled one, Instant now) {
    ObjectNode data = StrictJson.object();
    data.put("set", one.id()).put("stream", stream.id()).put("receiver", stream.receiver());
    data.put("deliveries", one.deliveries());
    data.put("millis", Duration.between(one.acceptedAt(), now).toMillis());
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_DELIVERED, one.txn(), one.subject(), data));
  }

  private void noteRejected(Stream stream, DeliveryStore.Settled one, String error) {
    ObjectNode data = StrictJson.object();
    data.put("at", "receiver").put("set", one.id()).put("stream", stream.id());
    data.put("receiver", stream.receiver()).put("reason", "the receiver answered " + error);
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_REFUSED, one.txn(), one.subject(), data));
  }

  /// What to send.
  ///
  /// @param tokens signed, by `jti`, oldest first
  /// @param more whether others are due as well
  public record Answer(Map<String, String> tokens, boolean more) {}

  /// Makes the token of an event for one stream.
  @FunctionalInterface
  public interface TokenWriter {
    String write(Stream stream, DeliveryStore.Due due);
  }

  /// The claims of an event for one audience.
  static SecurityEventToken token(String issuer, String audience, DeliveryStore.Due due) {
    return new SecurityEventToken(
        issuer, audience, due.id(), due.acceptedAt(), due.txn(), due.subject(), due.event());
  }
}
