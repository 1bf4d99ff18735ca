package dev.countersign.console.chat;

import dev.countersign.protocol.StrictJson;
import tools.jackson.databind.node.ObjectNode;

/// Something that a page shows: `person`, `delta`, `said`, `card`, `turn` or `session`.
///
/// @param seq its place in the conversation, from 1; a page that comes back says the last it has
/// @param id of what is shown, or empty
/// @param json what the page is told
public record ChatEvent(long seq, String kind, String id, String json) {

  static ChatEvent of(long seq, String kind, ObjectNode data) {
    return new ChatEvent(seq, kind, data.path("id").asString(""), StrictJson.write(data));
  }

  boolean is(String otherKind, String otherId) {
    return kind.equals(otherKind) && id.equals(otherId);
  }
}
