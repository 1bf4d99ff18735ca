package dev.countersign.signals.transmit;

import dev.countersign.protocol.Secret;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.Members;
import dev.countersign.signals.SecurityEvent;
import dev.countersign.signals.SecurityEventToken;
import dev.countersign.signals.SubjectId;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// An event as a source hands it in.
///
/// @param txn the `jti` of the call that caused it; with source, type and subject it tells repeats
/// @param shown an on-behalf-of token of the person, where the source must show one; not kept
public record IncomingEvent(
    SubjectId.IssuerAndSubject subject, String txn, SecurityEvent event, Optional<Secret> shown) {
  private static final Set<String> MEMBERS = Set.of("sub_id", "txn", "events", "shown_token");
  private static final int MAX_TOKEN = 16 * 1024;

  /// Reads and checks the body of a request.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public static IncomingEvent parse(ObjectNode body, Instant now) {
    Members.onlyKnown(body, MEMBERS, "the body");
    if (!(SubjectId.parse(body.path("sub_id")) instanceof SubjectId.IssuerAndSubject subject)) {
      throw Members.wrong("sub_id", "must name a person by `iss_sub`");
    }
    String txn = Members.text(body, "txn", SecurityEventToken.MAX_ID);
    SecurityEvent event = SecurityEvent.only(body);
    if (!EventTypes.SUPPORTED.contains(event.type())) {
      throw Members.wrong("events", "names an event that is not known here");
    }
    event.checkAsSender(now);
    Optional<Secret> shown =
        body.has("shown_token")
            ? Optional.of(new Secret(Members.text(body, "shown_token", MAX_TOKEN)))
            : Optional.empty();
    return new IncomingEvent(subject, txn, event, shown);
  }
}
