package dev.countersign.signals.act;

import java.util.List;

/// One transmitter that is obeyed: whom it may speak about, and who acts then.
///
/// @param isOurs whether it is our own, whose `txn` is the call that caused the event
/// @param issuer the `iss` of its tokens
/// @param whom whom its subjects stand for
/// @param effects which of its events end agents
/// @param handlers who acts; for another's transmitter only what lies in our own house
/// @param perMinute how many events it may have us act on within a minute; 0 for any number
/// @param name in the ledger
public record Obeyed(
    boolean isOurs,
    String issuer,
    Whom whom,
    EventEffects effects,
    List<SessionHandler> handlers,
    int perMinute,
    String name) {
  public Obeyed {
    handlers = List.copyOf(handlers);
  }

  /// Our own transmitter.
  public static Obeyed own(ReceiverConfig config, List<SessionHandler> handlers) {
    return new Obeyed(
        true,
        config.transmitter().toString(),
        new OwnPeople(config.subjectIssuer()),
        EventEffects.USUAL,
        handlers,
        0,
        "transmitter");
  }

  /// Another's.
  ///
  /// @param house the handlers for our own house
  public static Obeyed other(Inbound inbound, List<SessionHandler> house) {
    return new Obeyed(
        false,
        inbound.issuer().toString(),
        new TheirPeople(inbound),
        inbound.effects(),
        house,
        inbound.perMinute(),
        inbound.name());
  }
}
