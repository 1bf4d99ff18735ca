package dev.countersign.signals.transmit;

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
