package dev.countersign.gateway;

import dev.countersign.protocol.AntennaIngest;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// When blocked calls end a person's sessions, and who is told.
///
/// @param calls how many, at least 2
/// @param within in which time, a window that slides
/// @param transmitter the address of our transmitter, which is the audience of our proof
/// @param source the name under which that transmitter knows this gateway
/// @param antenna told instead of the transmitter
public record Emitter(
    int calls, Duration within, URI transmitter, String source, Optional<AntennaIngest> antenna) {
  public Emitter {
    if (calls < 2 || !within.isPositive()) {
      throw new IllegalArgumentException(
          "kill-after-blocked: calls must be at least 2, within must be over 0");
    }
    if (!source.matches("[a-z0-9][a-z0-9-]{0,62}")) {
      throw new IllegalArgumentException(
          "kill-after-blocked: source must be a name among `transmitter.sources`");
    }
  }
}
