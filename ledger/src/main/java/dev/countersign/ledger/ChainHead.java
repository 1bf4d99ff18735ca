package dev.countersign.ledger;

import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/// Where a chain ends, or did at some time.
public record ChainHead(String writer, long seq, String hash) {

  /// Heads as JSON: `[[writer, seq, hash], …]`.
  public static ArrayNode json(List<ChainHead> heads) {
    ArrayNode list = StrictJson.array();
    for (ChainHead head : heads) {
      list.addArray().add(head.writer).add(head.seq).add(head.hash);
    }
    return list;
  }

  /// Heads from JSON.
  public static List<ChainHead> of(JsonNode list) {
    var heads = new ArrayList<ChainHead>();
    for (JsonNode head : list) {
      heads.add(
          new ChainHead(
              head.path(0).asString(""), head.path(1).asLong(0), head.path(2).asString("")));
    }
    return heads;
  }

  /// The leaf that this head is in a Merkle tree.
  String leaf() {
    return writer + "\n" + seq + "\n" + hash;
  }
}
