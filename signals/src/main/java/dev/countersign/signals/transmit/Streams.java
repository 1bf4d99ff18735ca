package dev.countersign.signals.transmit;

import dev.countersign.protocol.Ids;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.Members;
import dev.countersign.signals.SubjectId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Stream management for one receiver at a time. A stream of another receiver does not exist to the
/// caller.
///
/// Threads may share it.
public final class Streams {
  /// The shortest time between two verifications of a stream.
  public static final Duration VERIFICATION_INTERVAL = Duration.ofSeconds(5);

  private static final int MAX_TEXT = 255;

  private final StreamStore store;
  private final StreamSettings settings;
  private final StreamBell bell;
  private final InstantSource clock;

  public Streams(StreamStore store, StreamSettings settings, StreamBell bell, InstantSource clock) {
    this.store = store;
    this.settings = settings;
    this.bell = bell;
    this.clock = clock;
  }

  /// Creates a stream.
  ///
  /// @return empty if the receiver has one already: one is allowed
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public Optional<Stream> create(String receiver, ObjectNode body) {
    var fresh =
        new Stream(
            Ids.random(),
            receiver,
            List.of(),
            EventTypes.SUPPORTED.stream().sorted().toList(),
            new Stream.Delivery.Poll(), // SSF 1.0 §8.1.1.1: poll where nothing is asked
            "",
            Stream.Status.ENABLED,
            "");
    Stream stream = settings.apply(fresh, body);
    return store.add(stream, clock.instant()) ? Optional.of(stream) : Optional.empty();
  }

  /// Changes what a body names of a stream; with `isWhole` it names everything, and what is missing
  /// goes back to what it was without being asked for.
  ///
  /// @return empty if the stream is not there
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public Optional<Stream> change(String receiver, ObjectNode body, boolean isWhole) {
    String id = Members.text(body, "stream_id", MAX_TEXT);
    Optional<Stream> known = store.find(receiver, id);
    if (known.isEmpty()) {
      return known;
    }
    Stream before = known.get();
    settings.checkOurs(before, body);
    Stream base =
        isWhole
            ? new Stream(
                before.id(),
                receiver,
                List.of(),
                EventTypes.SUPPORTED.stream().sorted().toList(),
                new Stream.Delivery.Poll(),
                "",
                before.status(),
                before.reason())
            : before;
    Optional<Stream> changed = store.change(settings.apply(base, body), clock.instant());
    bell.ring();
    return changed;
  }

  /// Takes the subject that a body names out of a stream, or puts it back. All subjects are in at
  /// first. A subject that nobody knows is taken just the same.
  ///
  /// @return whether the stream is there
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public boolean setSubject(String receiver, ObjectNode body, boolean isIn) {
    String id = Members.text(body, "stream_id", MAX_TEXT);
    if (body.has("verified") && !body.path("verified").isBoolean()) {
      throw Members.wrong("verified", "must be true or false");
    }
    if (!(SubjectId.parse(body.path("subject"), "subject")
        instanceof SubjectId.IssuerAndSubject subject)) {
      throw Members.wrong("subject", "must name a person by `iss_sub`");
    }
    return store.setSubject(receiver, id, subject, isIn, clock.instant());
  }

  public List<Stream> of(String receiver) {
    return store.of(receiver);
  }

  public Optional<Stream> find(String receiver, String id) {
    return store.find(receiver, id);
  }

  public boolean remove(String receiver, String id) {
    return store.remove(receiver, id);
  }

  /// Sets the status that a body names.
  ///
  /// @return empty if the stream is not there
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public Optional<Stream> setStatus(String receiver, ObjectNode body) {
    String id = Members.text(body, "stream_id", MAX_TEXT);
    Stream.Status status =
        Stream.Status.of(body.path("status").asString(""))
            .orElseThrow(
                () -> Members.wrong("status", "must be `enabled`, `paused` or `disabled`"));
    String reason = body.has("reason") ? Members.text(body, "reason", MAX_TEXT) : "";
    Optional<Stream> changed = store.setStatus(receiver, id, status, reason, clock.instant());
    bell.ring();
    return changed;
  }

  /// Puts a verification event in the stream that a body names.
  ///
  /// @throws dev.countersign.signals.MalformedEventException naming the member that is wrong
  public StreamStore.Verification verify(String receiver, ObjectNode body) {
    String id = Members.text(body, "stream_id", MAX_TEXT);
    String state = body.has("state") ? Members.text(body, "state", MAX_TEXT) : "";
    StreamStore.Verification result =
        store.verify(receiver, id, state, VERIFICATION_INTERVAL, clock.instant());
    bell.ring();
    return result;
  }
}
