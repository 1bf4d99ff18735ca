package dev.countersign.console.chat;

import tools.jackson.databind.node.ObjectNode;

/// Something that a page shows: `person`, `delta`, `said`, `card`, `turn` or `session`.
///
/// @param seq its place in the conversation, from 1; a page that comes back says the last it has
public record ChatEvent(long seq, String kind, ObjectNode data) {
  public ChatEvent {
    data = data.deepCopy();
  }
}
