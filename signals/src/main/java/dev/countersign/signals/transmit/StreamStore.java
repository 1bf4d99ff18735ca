package dev.countersign.signals.transmit;

import dev.countersign.signals.SubjectId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Where streams are kept. Whoever asks names its receiver, and sees only that receiver's streams.
public interface StreamStore {

  /// Adds a stream.
  ///
  /// @return whether it was added; not if the receiver has one already
  boolean add(Stream stream, Instant now);

  List<Stream> of(String receiver);

  Optional<Stream> find(String receiver, String id);

  /// Removes a stream and what it had not delivered.
  ///
  /// @return whether it was there
  boolean remove(String receiver, String id);

  /// Sets the status.
  ///
  /// @return the stream as it is now; empty if it is not there
  Optional<Stream> setStatus(
      String receiver, String id, Stream.Status status, String reason, Instant now);

  /// Replaces what the receiver may set of a stream: requested and delivered types, delivery and
  /// description.
  ///
  /// @return the stream as it is now; empty if it is not there
  Optional<Stream> change(Stream stream, Instant now);

  /// Takes a subject out of a stream, or puts it back.
  ///
  /// @return whether the stream is there
  boolean setSubject(
      String receiver, String id, SubjectId.IssuerAndSubject subject, boolean isIn, Instant now);

  /// All streams that are pushed and enabled.
  List<Stream> pushed();

  /// Puts a verification event in the stream.
  ///
  /// @param state echoed to the receiver; empty for none
  /// @param atMostEvery the shortest time between two verifications
  Verification verify(String receiver, String id, String state, Duration atMostEvery, Instant now);

  /// How a request for verification ended.
  enum Verification {
    SENT,
    TOO_SOON,
    UNKNOWN_STREAM
  }
}
