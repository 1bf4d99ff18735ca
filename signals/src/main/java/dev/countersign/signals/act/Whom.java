package dev.countersign.signals.act;

import dev.countersign.signals.SubjectId;

/// Whom the events of one transmitter are about. Threads may share it.
@FunctionalInterface
public interface Whom {

  /// The person of a subject, as `anchor|stable id`.
  Answer of(SubjectId subject);

  /// What a subject stands for.
  sealed interface Answer {
    /// A person whom the transmitter may speak about.
    record Known(String subject) implements Answer {}

    /// Nobody whom we could name for sure. The event is kept, and ends nothing.
    record Nobody(String reason) implements Answer {}

    /// Something that this transmitter may not speak about.
    record Refused(SetError error) implements Answer {}
  }
}
