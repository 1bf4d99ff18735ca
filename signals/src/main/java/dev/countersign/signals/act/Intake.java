package dev.countersign.signals.act;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Digest;
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

/// Takes the tokens of one transmitter: verifies, checks whom they may speak about, stores them
/// with the steps to do, and says what may be acknowledged. Nothing is acknowledged before it is
/// stored.
///
/// Threads may share it.
public final class Intake {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final int TXN_LENGTH = 22;

  private final SetVerifier verifier;
  private final Obeyed from;
  private final String ownIssuer;
  private final Duration oldestEvent;
  private final Inbox inbox;
  private final Bell bell;
  private final Ledger ledger;
  private final InstantSource clock;

  public Intake(
      SetVerifier verifier,
      Obeyed from,
      ReceiverConfig config,
      Inbox inbox,
      Bell bell,
      Ledger ledger,
      InstantSource clock) {
    this.verifier = verifier;
    this.from = from;
    this.ownIssuer = config.transmitter().toString();
    this.oldestEvent = config.oldestEvent();
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
      switch (take(entry.getValue(), Optional.of(entry.getKey()))) {
        case Taken.Stored _ -> acknowledged.add(entry.getKey());
        case Taken.Refused(SetError error) -> errors.put(entry.getKey(), error);
        case Taken.Later _ -> {} // it comes again
      }
    }
    return new SetFeed.Settlement(acknowledged, errors);
  }

  /// Takes one token.
  ///
  /// @param id the id that it came under, if it came under one
  /// @throws dev.countersign.protocol.UnavailableException if our database is away
  public Taken take(String token, Optional<String> id) {
    try {
      return switch (verifier.verify(token)) {
        case SetCheck.Undecided(String reason) -> new Taken.Later(reason);
        case SetCheck.Rejected(SetError error) -> refuse(error);
        case SetCheck.Accepted(SecurityEventToken verified) -> accept(id, verified);
      };
    } catch (Ledger.LedgerAway away) {
      // Neither acknowledged nor refused, so it comes again; what it asks for is under way.
      return new Taken.Later("the ledger is away");
    }
  }

  private Taken accept(Optional<String> id, SecurityEventToken token) {
    if (id.filter(known -> !known.equals(token.id())).isPresent()) {
      return refuse(SetError.Code.INVALID_REQUEST, "`jti` is not the id it was sent under");
    }
    Instant now = clock.instant();
    try {
      token.event().checkAsReceiver(now);
    } catch (MalformedEventException malformed) {
      return refuse(SetError.Code.INVALID_REQUEST, malformed.description());
    }
    if (token.subject() instanceof SubjectId.Opaque(String stream) && isFramework(token)) {
      return framework(token, stream, now);
    }
    return switch (from.whom().of(token.subject())) {
      case Whom.Answer.Refused(SetError error) -> refuse(error);
      case Whom.Answer.Nobody(String reason) -> store(token, "", List.of(), reason, now);
      case Whom.Answer.Known(String person) -> forPerson(token, person, now);
    };
  }

  private static boolean isFramework(SecurityEventToken token) {
    return token.event().type().equals(EventTypes.VERIFICATION)
        || token.event().type().equals(EventTypes.STREAM_UPDATED);
  }

  /// The framework's own events speak about the stream; they make nothing happen here.
  private Taken framework(SecurityEventToken token, String stream, Instant now) {
    boolean wasNotAsked =
        token.event().type().equals(EventTypes.VERIFICATION)
            && token.event().payload().has("state");
    return wasNotAsked
        ? refuse(SetError.Code.INVALID_STATE, "no verification was asked for")
        : store(token, stream, List.of(), "", now);
  }

  private Taken forPerson(SecurityEventToken token, String person, Instant now) {
    if (!from.effects().ends(token.event())) {
      return store(token, person, List.of(), "", now);
    }
    if (token.happenedAt().isBefore(now.minus(oldestEvent))) {
      // An event that lies far back would end sessions that began long after it.
      return store(token, person, List.of(), "it happened too long ago to be acted on", now);
    }
    if (!from.isOurs() && inbox.isKnown(ownIssuer, person, token.txn())) {
      return store(token, person, List.of(), "it is an event of ours that came back", now);
    }
    if (from.perMinute() > 0
        && inbox.countSince(from.issuer(), now.minus(MINUTE)) >= from.perMinute()
        && !inbox.isStored(key(token, person))) {
      return new Taken.Later("the transmitter ends more in a minute than it may");
    }
    Person whose = Person.of(person);
    List<String> steps =
        from.handlers().stream()
            .filter(handler -> handler.concerns(whose))
            .map(SessionHandler::name)
            .toList();
    return store(token, person, steps, "", now);
  }

  private Taken store(
      SecurityEventToken token, String subject, List<String> steps, String reason, Instant now) {
    SecurityEventToken kept = from.isOurs() ? token : withOurTransaction(token);
    Inbox.TokenKey key = key(token, subject);
    Inbox.Stored stored = inbox.store(key, kept, steps, now);
    if (stored == Inbox.Stored.NEW) {
      bell.ring();
    }
    if (stored != Inbox.Stored.REPEATED) {
      noteReceived(token, kept.txn(), subject, steps, reason, now);
      inbox.noted(key, now);
    }
    return new Taken.Stored();
  }

  private static Inbox.TokenKey key(SecurityEventToken token, String subject) {
    return new Inbox.TokenKey(subject, token.issuer(), token.id());
  }

  /// Another's `txn` could be that of a call of ours, so their events get one that they cannot
  /// choose; the same for every repetition.
  private static SecurityEventToken withOurTransaction(SecurityEventToken token) {
    String txn = "in-" + Digest.sha256(token.issuer() + "\n" + token.id()).substring(0, TXN_LENGTH);
    return new SecurityEventToken(
        token.issuer(),
        token.audience(),
        token.id(),
        token.issuedAt(),
        txn,
        token.subject(),
        token.event());
  }

  private void noteReceived(
      SecurityEventToken token,
      String txn,
      String subject,
      List<String> steps,
      String reason,
      Instant now) {
    ObjectNode data = StrictJson.object();
    data.put("set", token.id()).put("event", token.event().type()).put("from", from.name());
    data.put("millis", Duration.between(token.happenedAt(), now).toMillis());
    var names = data.putArray("handlers");
    steps.forEach(names::add);
    if (!reason.isEmpty()) {
      data.put("reason", reason);
    }
    if (!from.isOurs() && !token.txn().isEmpty()) {
      data.put("their_txn", token.txn());
    }
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_RECEIVED, txn, subject, data));
  }

  private Taken refuse(SetError.Code code, String description) {
    return refuse(new SetError(code, description));
  }

  private Taken refuse(SetError error) {
    ObjectNode data = StrictJson.object();
    data.put("at", "receiver").put("from", from.name()).put("err", error.code().wireName());
    data.put("reason", error.description());
    ledger.append(new LedgerEntry(LedgerEvent.EVENT_REFUSED, "", "", data));
    return new Taken.Refused(error);
  }

  /// What became of a token.
  public sealed interface Taken {
    /// It is stored, or was before.
    record Stored() implements Taken {}

    /// It is refused for good.
    record Refused(SetError error) implements Taken {}

    /// Nobody can tell now; it is to come again.
    record Later(String reason) implements Taken {}
  }
}
