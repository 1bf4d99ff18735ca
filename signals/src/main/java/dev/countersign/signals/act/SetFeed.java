package dev.countersign.signals.act;

import java.util.List;
import java.util.Map;

/// The stream of tokens that the transmitter holds for us.
public interface SetFeed {

  /// Settles tokens and waits for the next ones.
  ///
  /// @return tokens by id; empty if none came while the transmitter let us wait
  /// @throws dev.countersign.protocol.UnavailableException if there is no transmitter or no stream
  ///   now; what was to be settled may be or not
  Map<String, String> poll(Settlement settlement);

  /// What became of the tokens of earlier polls.
  ///
  /// @param acknowledged ids of tokens that are stored here
  /// @param errors tokens that never will be, by id
  record Settlement(List<String> acknowledged, Map<String, SetError> errors) {
    public static final Settlement NONE = new Settlement(List.of(), Map.of());

    public Settlement {
      acknowledged = List.copyOf(acknowledged);
      errors = Map.copyOf(errors);
    }
  }
}
