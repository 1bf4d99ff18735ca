package dev.countersign.signals.act;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.MalformedEventException;
import dev.countersign.signals.SecurityEventToken;
import dev.countersign.signals.SubjectId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/// Takes tokens off the feed: verifies, checks whom they may speak about, stores them with the
/// steps to do, and says what may be acknowledged. Nothing is acknowledged before it is stored.
public final class Intake {
  private final SetVerifier verifier;
  private final String subjectIssuer;
  private final Duration oldestEvent;
  private final List<SessionHandler> handlers;
  private final Inbox inbox;
  private final Bell bell;
  private final Ledger ledger;
  private final InstantSource clock;

  public Intake(
      SetVerifier verifier,
      ReceiverConfig config,
      List<SessionHandler> handlers,
      Inbox inbox,
      Bell bell,
      Ledger ledger,
      InstantSource clock) {
    this.verifier = verifier;
    this.subjectIssuer = config.subjectIssuer();
    this.oldestEvent = config.oldestEvent();
    this.handlers = List.copyOf(handlers);
    this.inbox = inbox;
    this.bell = bell;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Takes one batch.
  ///
  /// @param tokens by the id under which the feed gave them
  /// @return what to tell the feed; tokens in neither part come again
  /// @throws dev.countersign.protocol.UnavailableException if our database is away; then all come
  ///   again
  public SetFeed.Settlement take(Map<String, String> tokens) {
    var acknowledged = new ArrayList<String>();
    var errors = new TreeMap<String, SetError>();
    for (Map.Entry<String, String> entry : tokens.entrySet()) {
      String id = entry.getKey();
      try {
        switch (verifier.verify(entry.getValue())) {
          case SetCheck.Undecided _ -> {} // it comes again
          case SetCheck.Rejected(SetError error) -> refuse(id, error, errors);
          case SetCheck.Accepted(SecurityEventToken token) ->
              accept(id, token)
                  .ifPresentOrElse(error -> refuse(id, error, errors), () -> acknowledged.add(id));
        }
      } catch (Ledger.LedgerAway away) {
        // Neither acknowledged nor refused, so it comes again; what it asks for is under way.
      }
    }
    return new SetFeed.Settlement(acknowledged, errors);
  }

  private void refuse(String id, SetError error, Map<String, SetError> errors) {
    noteRefused(error);
    errors.put(id, error);
  }

  private Optional<SetError> accept(String feedId, SecurityEventToken token) {
    if (!token.id().equals(feedId)) {
      return refuse(SetError.Code.INVALID_REQUEST, "`jti` is not the id it was sent under");
    }
    Instant now = clock.instant();
    try {
      token.event().checkAsReceiver(now);
    } catch (MalformedEventException malformed) {
      return refuse(SetError.Code.INVALID_REQUEST, malformed.description());
    }
    return switch (token.subject()) {
      case SubjectId.Opaque _ -> acceptFramework(token, now);
      case SubjectId.IssuerAndSubject(String iss, _) ->
          iss.equals(subjectIssuer)
              ? store(token, now)
              : refuse(
                  SetError.Code.ACCESS_DENIED,
                  "the transmitter may not speak about subjects of this `iss`");
    };
  }

  /// The framework's own events speak about the stream; they make nothing happen here.
  private Optional<SetError> acceptFramework(SecurityEventToken token, Instant now) {
    return switch (token.event().type()) {
      case EventTypes.VERIFICATION ->
          token.event().payload().has("state")
              ? refuse(SetError.Code.INVALID_STATE, "no verification was asked for")
              : store(token, now);
      case EventTypes.STREAM_UPDATED -> store(token, now);
      default -> refuse(SetError.Code.INVALID_REQUEST, "`sub_id` must name a person by `iss_sub`");
    };
  }

  private Optional<SetError> store(SecurityEventToken token, Instant now) {
    List<String> steps = steps(token, now);
    Inbox.Stored stored = inbox.store(token, steps, now);
    if (stored == Inbox.Stored.NEW) {
      bell.ring();
    }
    if (stored != Inbox.Stored.REPEATED) {
      noteReceived(token, steps, now);
      inbox.noted(Inbox.TokenKey.of(token), now);
    }
    return Optional.empty();
  }

  private List<String> steps(SecurityEventToken token, Instant now) {
    if (!EventTypes.SESSION_REVOKED.equals(token.event().type()) || isTooOld(token, now)) {
      return List.of();
    }
    Person person = Person.of(token.subjectKey());
    return handlers.stream()
        .filter(handler -> handler.concerns(person))
        .map(SessionHandler::name)
        .toList();
  }

  /// An event that lies far back would end sessions that began long after it.
  private boolean isTooOld(SecurityEventToken token, Instant now) {
    return token.happenedAt().isBefore(now.minus(oldestEvent));
  }

  private void noteReceived(SecurityEventToken token, List<String> steps, Instant now) {
    ObjectNode data = StrictJson.object();
    data.put("set", token.id()).put("event", token.event().type());
    data.put("millis", Duration.between(token.happenedAt(), now).toMillis());
    var names = data.putArray("handlers");
    steps.forEach(names::add);
    if (isTooOld(token, now)) {
      data.put("reason", "it happened too long ago to be acted on");
    }
    ledger.append(
        new LedgerEntry(LedgerEvent.EVENT_RECEIVED, token.txn(), token.subjectKey(), data));
  }

  private void noteRefused(SetError error) {
    ObjectNode data = StrictJson.object();
    data.put("at", "receiver").put("err", error.code().wireName());
    data.put("reason", error.description());
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_REFUSED, "", "", data));
  }

  private static Optional<SetError> refuse(SetError.Code code, String description) {
    return Optional.of(new SetError(code, description));
  }
}
