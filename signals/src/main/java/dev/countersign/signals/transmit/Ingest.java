package dev.countersign.signals.transmit;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.MalformedEventException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Takes events from sources: who may say it, is it well formed, may this source say it; then it is
/// stored for every stream that wants it before the answer leaves.
///
/// Threads may share it.
public final class Ingest {
  private final Map<String, TransmitterConfig.Source> sources;
  private final ShownTokens shown;
  private final EventStore events;
  private final StreamBell bell;
  private final Ledger ledger;
  private final InstantSource clock;

  public Ingest(
      TransmitterConfig config,
      EventStore events,
      StreamBell bell,
      Ledger ledger,
      InstantSource clock) {
    this.sources =
        config.sources().stream()
            .collect(Collectors.toMap(TransmitterConfig.Source::id, Function.identity()));
    this.shown = new ShownTokens(config, clock);
    this.events = events;
    this.bell = bell;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Whether a workload may use a source at all; asked before the body is read.
  ///
  /// @return empty if it may
  public Optional<Result> refuseCaller(String source, String workload) {
    TransmitterConfig.Source rights = sources.get(source);
    if (rights == null) {
      return Optional.of(refused(source, workload, null, new Result.UnknownSource()));
    }
    return rights.workloads().contains(workload)
        ? Optional.empty()
        : Optional.of(
            refused(
                source,
                workload,
                null,
                new Result.Forbidden("this workload may not use the source")));
  }

  /// Takes one event of a caller that may use the source. The ledger has the outcome before this
  /// returns.
  public Result take(String source, String workload, ObjectNode body) {
    TransmitterConfig.Source rights = sources.get(source);
    if (rights == null || !rights.workloads().contains(workload)) {
      throw new IllegalStateException("the caller was not checked");
    }
    Instant now = clock.instant();
    IncomingEvent event;
    try {
      ObjectNode current =
          rights.oldForm().map(form -> form.translate(body, rights.subjectIssuer())).orElse(body);
      event = IncomingEvent.parse(current, now);
    } catch (MalformedEventException malformed) {
      return refused(source, workload, null, new Result.Malformed(malformed.description()));
    }
    Optional<String> forbidden = forbidden(rights, event).or(() -> shown.objection(rights, event));
    if (forbidden.isPresent()) {
      return refused(source, workload, event, new Result.Forbidden(forbidden.get()));
    }
    return stored(rights, workload, event, now);
  }

  private static Optional<String> forbidden(TransmitterConfig.Source rights, IncomingEvent event) {
    if (!rights.eventTypes().contains(event.event().type())) {
      return Optional.of("the source may not send this type of event");
    }
    if (!rights.subjectIssuer().equals(event.subject().iss())) {
      return Optional.of("the source may not speak about subjects of this `iss`");
    }
    String sub = event.subject().sub();
    int bar = sub.indexOf('|');
    String anchor = bar < 0 ? "" : sub.substring(0, bar);
    if (!rights.anchors().isEmpty() && !rights.anchors().contains(anchor)) {
      return Optional.of("the source may not speak about subjects of this anchor in `sub`");
    }
    return Optional.empty();
  }

  private Result stored(
      TransmitterConfig.Source rights, String workload, IncomingEvent event, Instant now) {
    String source = rights.id();
    Optional<EventStore.Accepted> taken = events.accept(source, event, rights.perMinute(), now);
    if (taken.isEmpty()) {
      return refused(source, workload, event, new Result.TooMany());
    }
    EventStore.Accepted accepted = taken.get();
    bell.ring();
    ObjectNode data = StrictJson.object();
    data.put("source", source).put("event", event.event().type()).put("set", accepted.id());
    data.put("streams", accepted.streams()).put("repeated", accepted.repeated());
    ledger.append(
        new LedgerEntry(LedgerEvent.EVENT_ACCEPTED, event.txn(), event.subject().sub(), data));
    return new Result.Taken(accepted.id());
  }

  private Result refused(
      String source, String workload, @Nullable IncomingEvent event, Result result) {
    ObjectNode data = StrictJson.object();
    data.put("at", "ingest").put("presenter", workload);
    data.put("source", sources.containsKey(source) ? source : "unknown");
    data.put("reason", result.reason());
    String txn = event == null ? "" : event.txn();
    String subject = event == null ? "" : event.subject().sub();
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_REFUSED, txn, subject, data));
    return result;
  }

  /// How it ended.
  public sealed interface Result {
    /// Stored; it will be delivered.
    ///
    /// @param id the `jti` of the token
    record Taken(String id) implements Result {}

    /// There is no such source.
    record UnknownSource() implements Result {}

    /// The caller may not say this.
    record Forbidden(String description) implements Result {}

    /// The event is not well formed.
    record Malformed(String description) implements Result {}

    /// The source hands in more than it may. It can try again in a while; nothing was stored.
    record TooMany() implements Result {}

    /// Why nothing was taken; empty if it was.
    default String reason() {
      return switch (this) {
        case Taken _ -> "";
        case UnknownSource _ -> "there is no such source";
        case Forbidden(String description) -> description;
        case Malformed(String description) -> description;
        case TooMany _ -> "the source hands in more events in a minute than it may";
      };
    }
  }
}
